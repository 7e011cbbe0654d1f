"""What the server says of itself: `routes` are its models, metrics and health, `openapi` describes its addresses."""
