"""What screens read: one module per screen, each a constant number of statements. Nothing here writes."""
