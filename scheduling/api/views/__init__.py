"""REST views, one module per resource: load what the caller may see, validate, one command, answer."""
