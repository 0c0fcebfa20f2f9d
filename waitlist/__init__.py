"""Patients waiting for an earlier time: entries, matching and offers of freed slots."""
