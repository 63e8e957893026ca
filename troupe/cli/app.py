"""What a person can ask for. Each command is a thin door: the work is behind it."""

import typer

from . import data, inspect, read, run
from .analyses import analysis
from .client_gcp import choose
from .dead_letters import letters
from .doctor import doctor
from .simulate import chaos

app = typer.Typer(
    name="troupe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.callback()(choose)

for command in (
    run.demo,
    run.load,
    run.request,
    run.publish,
    run.work,
    inspect.status,
    inspect.verify,
    inspect.report,
    inspect.costs,
    read.read,
    data.cancel,
    data.reprocess,
    data.clear_history,
    data.forget,
    inspect.explain,
    inspect.choreography,
    chaos,
    doctor,
):
    app.command(command.__name__.replace("_", "-"))(command)

app.add_typer(analysis, name="analysis")
app.add_typer(letters, name="dead-letters")


def main() -> None:
    """The entry point of the command."""
    app()
