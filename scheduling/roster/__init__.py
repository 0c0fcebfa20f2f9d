"""Changing when resources work, and what becomes of the visits that no longer fit."""
