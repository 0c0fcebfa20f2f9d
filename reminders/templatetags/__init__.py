"""What templates of messages need."""
