"""The local backend: DuckDB, a folder, an in-process Pub/Sub and a stand-in for Vertex AI."""
