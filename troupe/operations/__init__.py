"""What operators request and read: the same operations on a laptop and on Google Cloud."""

from .cancelling import cancel
from .reconciliation import verify
from .registry import OPERATIONS
from .run_report import report
from .run_requests import publish, request
from .run_status import status

__all__ = ["OPERATIONS", "cancel", "publish", "report", "request", "status", "verify"]
