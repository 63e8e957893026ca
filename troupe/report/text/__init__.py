"""What commands print, as lines of plain text."""
