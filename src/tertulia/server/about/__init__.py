"""What the server says of itself: `routes` are its models, metrics and health, `operations` all its addresses, which
`openapi` describes."""
