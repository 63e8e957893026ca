"""Google Cloud: the same tools, through the official clients."""
