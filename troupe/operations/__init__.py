"""What operators request and read: the same operations on a laptop and on Google Cloud."""

from .operations import OPERATIONS
from .reconciliation import verify
from .run_report import report
from .run_requests import cancel, publish, request
from .run_status import status

__all__ = ["OPERATIONS", "cancel", "publish", "report", "request", "status", "verify"]
