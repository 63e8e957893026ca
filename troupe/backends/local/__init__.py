"""The laptop world: the same tools, without an account."""
