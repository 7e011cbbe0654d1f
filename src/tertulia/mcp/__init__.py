"""The house as an MCP server."""
