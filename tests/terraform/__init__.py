"""The infrastructure, checked without a cloud and without network."""
