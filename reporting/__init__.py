"""Figures about the clinics' work: summaries, charts and exports."""
