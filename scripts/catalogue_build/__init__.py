"""One module per provider, or per kind of price table."""
