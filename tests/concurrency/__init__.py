"""What happens when many do it at once: real processes, real connections, and twins without the guard that must fail."""
