"""The Google Cloud backend: the official clients, and the service on Cloud Run."""
