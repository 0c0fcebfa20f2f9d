"""Messages to patients about their appointments: planned, delivered, answered."""
