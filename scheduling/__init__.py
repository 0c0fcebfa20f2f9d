"""The domain: availability, bookings that cannot collide, and everything they rest on."""
