"""What scheduling itself does after a change. Filled below as screens and sweeps need it."""
