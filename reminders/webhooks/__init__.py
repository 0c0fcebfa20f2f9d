"""What providers call: signed, replayed and out of order. Nothing is read before the signature was checked."""
