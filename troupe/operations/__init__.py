"""What people ask of a troupe and have done: the same duties on a laptop and on Google Cloud."""

from .operations import OPERATIONS, cancel, publish, report, request, status, verify

__all__ = ["OPERATIONS", "cancel", "publish", "report", "request", "status", "verify"]
