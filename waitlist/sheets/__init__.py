"""The waitlist as a spreadsheet: coming in, row by row looked at before any of it waits, and going out."""
