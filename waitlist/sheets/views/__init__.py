"""The screens of lists on their way in, and of the waitlist going out."""
