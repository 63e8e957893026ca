"""What a person can ask for. Each command is a thin door: the work is behind it."""

import typer

from . import asking, looking, offline, steering
from .analyses import analysis
from .chaos import chaos
from .doctor import doctor
from .elsewhere import choose
from .letters import letters

app = typer.Typer(
    name="troupe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.callback()(choose)

for command in (
    asking.demo,
    asking.load,
    asking.request,
    asking.publish,
    asking.work,
    looking.status,
    looking.verify,
    looking.report,
    looking.costs,
    offline.read,
    steering.cancel,
    steering.reprocess,
    steering.clear_history,
    steering.forget,
    looking.explain,
    looking.choreography,
    chaos,
    doctor,
):
    app.command(command.__name__.replace("_", "-"))(command)

app.add_typer(analysis, name="analysis")
app.add_typer(letters, name="dead-letters")


def main() -> None:
    """The entry point of the command."""
    app()
