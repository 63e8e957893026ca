"""The command `troupe`: its commands, each with its place in the code."""

from collections.abc import Iterator
from typing import Any

import typer

from .lazy import HELP, LazyCommand, LazyGroup, load_app
from .target import select_target

PACKAGE = "troupe.cli"

COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Run": {
        "demo": ("demo:demo", "Run everything once on generated transcripts."),
        "load": ("load:load", "Add transcripts to the source table."),
        "request": ("run:request", "Request a run: transcripts to be analysed."),
        "work": ("worker:work", "Start a worker that handles all runs of the state folder."),
        "cancel": ("cancel:cancel", "Stop a run, or all that are open."),
        "reprocess": ("run:reprocess", "Send failed, released or changed records again."),
        "reread": ("run:reread", "Read a run's stored answers again, without a model."),
        "publish": ("run:publish", "Publish a message on a topic."),
    },
    "Inspect": {
        "console": ("console:console", "Look at runs and answers, and act, in a browser."),
        "status": ("status:status", "Show how far the runs are, and what is blocked and why."),
        "verify": ("status:verify", "Recompute the totals of the runs from the tables."),
        "report": ("status:report", "Show the results, errors and cost of a run."),
        "compare": ("compare:compare", "Compare runs, versions or labels record by record."),
        "records": ("records:records", "Find records by state, error, grade, value and day."),
        "costs": ("status:costs", "Show the cost of each analysis and its runs."),
        "drift": ("drift:drift", "Name the shares of the answers that moved."),
        "explain": ("status:explain", "Show the history of a run, a batch or a record."),
        "choreography": ("choreography:choreography", "List the events and the handlers."),
    },
    "Data": {
        "analysis": ("analyses:app", "Check and add your own prompt, schema and columns."),
        "redact": ("redact:redact", "Show what redaction rules would replace in files."),
        "read": ("read_files:read", "Read prediction files without a state folder."),
        "clear-history": (
            "data:clear_history",
            "Delete rows and history, so that records are analysed again.",
        ),
        "forget": ("data:forget", "Delete a person from every table."),
    },
    "Quality": {
        "golden": ("golden:app", "Keep labels, and measure analyses by them."),
        "review": ("review:app", "Have people judge a sample of the answers."),
    },
    "Operate": {
        "dead-letters": ("dead_letters:app", "List, show, replay or discard dead letters."),
        "notify": ("notify:notify", "Send the notification of a run again."),
        "doctor": ("doctor:doctor", "Check a deployment on Google Cloud."),
        "simulate": ("simulate:simulate", "Simulate runs under faults, in virtual time."),
    },
}
"""By panel of the help and by name: `module:function`, or `module:app` for a group, and purpose."""


class _Troupe(LazyGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for panel, commands in COMMANDS.items():
            for name, (place, purpose) in commands.items():
                self.add_command(LazyCommand(name, f"{PACKAGE}.{place}", purpose, panel))


app = typer.Typer(
    name="troupe",
    cls=_Troupe,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=HELP,
    epilog="`troupe COMMAND --help` shows the options of a command, and examples. "
    "--home, --backend and --terraform may stand before or after the command.",
)
app.callback()(select_target)


def commands() -> Iterator[tuple[str, typer.Typer]]:
    """Import every command; yield its name and the app that holds it, or the group."""
    for panel in COMMANDS.values():
        for name, (place, _) in panel.items():
            yield name, load_app(f"{PACKAGE}.{place}", name)
