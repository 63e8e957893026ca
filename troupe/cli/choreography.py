"""The command `choreography`: the events and their handlers."""

import msgspec

from troupe.deployment.catalogue import flow_rows
from troupe.report.text.choreography import choreography_lines

from .options import AsJson
from .output import print_json, print_lines
from .results import Subscription


def choreography(as_json: AsJson = False) -> None:
    """List the events and the handlers that subscribe to them, as they are in the code.

    Examples:
        troupe choreography
    """
    rows = flow_rows()
    if as_json:
        print_json(msgspec.convert(rows, list[Subscription]))
    else:
        print_lines(choreography_lines(rows))
