"""Is a deployment in order? Each check stands alone, and has a remedy."""

from .checks import Doors, doors_of, examine
from .findings import Finding, exit_code, lines

__all__ = ["Doors", "Finding", "doors_of", "examine", "exit_code", "lines"]
