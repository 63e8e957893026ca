"""Checks of a deployment on Google Cloud. Each finding comes with its remedy."""

from .checks import Clients, examine, make_clients
from .findings import Finding, exit_code, lines

__all__ = ["Clients", "Finding", "examine", "exit_code", "lines", "make_clients"]
