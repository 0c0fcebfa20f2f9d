"""What happens when many do it at once: real processes, real connections, and twins without a guard that must fail."""
