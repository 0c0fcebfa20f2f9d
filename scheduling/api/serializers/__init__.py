"""How rows look to REST clients, one module per resource."""
