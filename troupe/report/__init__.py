"""What operators read of a run: an HTML page, plain text, and live views."""
