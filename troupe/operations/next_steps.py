"""What a user can do next: a command, and what it does."""

from collections.abc import Iterator, Mapping

import msgspec

from events import RunRequested


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A command that helps now."""

    command: str
    """As it is typed; words in capitals stand for the user's own."""
    why: str
    """What it does, as the rest of a sentence that begins with the command."""


def analysis_option(analysis: str) -> str:
    """The option that names an analysis, with a blank before it; empty for the default."""
    return "" if analysis == RunRequested().analysis else f" --analysis {analysis}"


def skipped_steps(
    skipped: Mapping[str, int],
    *,
    option: str = "",
    holder: str = "RUN",
    failed_run: str = "RUN",
) -> Iterator[Step]:
    """What to do about rows of the source that no run takes; the first step matters most.

    `option` names the analysis where it is not the default; `holder` is an open run, and
    `failed_run` one with failed records.
    """
    steps = {
        "held": Step(
            command=f"troupe status {holder}",
            why="shows the open run that holds them, and what it waits for",
        ),
        "failed_before": Step(
            command=f"troupe reprocess --run {failed_run} --dry-run",
            why="shows what asking again for its failed records would cost",
        ),
        "changed": Step(
            command=f"troupe reprocess --changed{option} --dry-run",
            why="shows the records whose transcript has changed",
        ),
        "outside_filter": Step(
            command=f"troupe request{option} --dry-run",
            why="without filters shows what is pending in the whole source",
        ),
        "below_floor": Step(
            command=f"troupe request{option} --dry-run",
            why="in mode production looks at the whole source",
        ),
    }
    found = [step for name, step in steps.items() if skipped.get(name)]
    yield from {step.command: step for step in found}.values()
    yield Step(command="troupe load FILE", why="adds transcripts to the source table")
