"""Six invented clinics with everything in them, for trying CareBridge out. Nothing here is about anyone real.

Made by a seeded generator and written in bulk, past the commands but through every constraint of the database.
`load.load_demo` does it all; the rest is in the order in which it is made: places, catalogue, practitioners, staff,
rosters, disruptions, patients, visits, fates, late blocks, rows.
"""
