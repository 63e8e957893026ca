"""The local backend: the same tools, without an account."""
