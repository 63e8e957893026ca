"""The pages of the console: each calls operations, and shows their result."""
