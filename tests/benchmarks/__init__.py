"""Measurements, each beside its floor in the same run. Run by bin/bench; never an assertion about time in a test."""
