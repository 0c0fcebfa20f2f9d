"""Reads of what was and will be sent, for screens and REST."""
