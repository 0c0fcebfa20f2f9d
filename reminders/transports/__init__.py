"""Ways to hand a message to somebody who carries it: one folder per provider, named by REMINDER_TRANSPORTS."""
