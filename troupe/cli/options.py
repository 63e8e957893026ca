"""Options that several commands share."""

import math
import re
from datetime import datetime
from typing import Annotated

import msgspec
import typer

from events.conditions import EXPECTED, LABEL_KEY, LABEL_VALUE, MOST_LABELS
from troupe.transcript_files.formats import FORMATS

from .output import fail


def rfc3339(parameter: typer.CallbackParam, value: str | None) -> str | None:
    """Check an option that takes a time; end the command if it is not RFC 3339 with a zone."""
    if value is None:
        return None
    try:
        time = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        fail(f"invalid {parameter.opts[0]} {value!r}: use RFC 3339, e.g. 2026-01-31T00:00:00Z")
    if time.tzinfo is None:
        fail(
            f"invalid {parameter.opts[0]} {value!r}: the time zone is missing; "
            "use RFC 3339, e.g. 2026-01-31T00:00:00Z"
        )
    return value


def finite(parameter: typer.CallbackParam, value: float | None) -> float | None:
    """Check an option that takes a number. JSON has no nan and no inf: they would become null."""
    if value is not None and not math.isfinite(value):
        fail(f"invalid {parameter.opts[0]} {value}: use a number, e.g. 20")
    return value


def read_labels(given: list[str] | None) -> dict[str, str]:
    """Read `--label KEY=VALUE`; end the command if one is not of that form or of Google's rules."""
    labels: dict[str, str] = {}
    for text in given or []:
        key, equals, value = text.partition("=")
        rules = {LABEL_KEY: key, LABEL_VALUE: value} if equals else {}
        wrong = [EXPECTED[rule] for rule, part in rules.items() if not re.match(rule, part)]
        if wrong or not equals:
            fail(f"invalid --label {text!r}: use {wrong[0] if wrong else 'KEY=VALUE'}")
        if key in labels:
            fail(f"invalid --label {text!r}: {key} is given twice")
        labels[key] = value
    if len(labels) > MOST_LABELS:
        fail(f"invalid --label: use at most {MOST_LABELS}")
    return labels


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
Budget = Annotated[
    float | None,
    typer.Option(
        callback=finite,
        help="Maximum cost in US dollars; a run with a higher estimate is refused.",
    ),
]
BudgetTokens = Annotated[
    int | None,
    typer.Option(help="Maximum number of tokens; a run with a higher estimate is refused."),
]
Label = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="Label of the batch jobs, for cost reports and billing exports, such as team=billing; "
        "repeatable. Never personal data.",
    ),
]
NewRun = Annotated[
    str,
    typer.Option(
        "--run-id",
        metavar="RUN",
        help="Name of the new run: a-z, 0-9 and -. Default: made from the time.",
    ),
]
AllowEmpty = Annotated[
    bool,
    typer.Option("--allow-empty", help="Request the run also when no record is pending."),
]
FailOver = Annotated[
    float,
    typer.Option(
        "--fail-over",
        metavar="PERCENT",
        min=0,
        max=100,
        callback=finite,
        help="End with 3 only if a larger percentage of a run's records has no row. "
        "Default: any such record.",
    ),
]
CorruptPercent = Annotated[
    float,
    typer.Option(
        "--corrupt-percent",
        min=0,
        max=100,
        help="Percentage of answers that the stand-in for Vertex corrupts, to see errors handled.",
    ),
]
ModelUrl = Annotated[
    str | None,
    typer.Option(
        "--model-url",
        envvar="TROUPE_MODEL_URL",
        help="Base URL of an OpenAI-compatible endpoint that answers instead of the stand-in.",
    ),
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model-name", envvar="TROUPE_MODEL_NAME", help="Model that the endpoint should use."
    ),
]
ModelConcurrency = Annotated[
    int,
    typer.Option(
        "--model-concurrency",
        envvar="TROUPE_MODEL_CONCURRENCY",
        min=1,
        max=256,
        help="Maximum number of requests to the endpoint at a time; fewer while it is overloaded.",
    ),
]
ModelTimeout = Annotated[
    float,
    typer.Option(
        "--model-timeout",
        envvar="TROUPE_MODEL_TIMEOUT",
        min=0.1,
        max=3600,
        callback=finite,
        help="Seconds that the endpoint may take for one answer.",
    ),
]
ModelApiVersion = Annotated[
    str | None,
    typer.Option(
        "--model-api-version",
        envvar="TROUPE_MODEL_API_VERSION",
        help="For Azure OpenAI: its api-version; --model-name is then the deployment.",
    ),
]
Mapped = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COLUMN=OURS",
        help="Take our column OURS from COLUMN of the files; repeatable. `a.b` is a property "
        "in an object. NAME:TYPE instead of OURS names a further column: queue:text.",
    ),
]
Timezone = Annotated[
    str,
    typer.Option(metavar="ZONE", help="Zone of times without one, such as Europe/Berlin."),
]
FileFormat = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="Whose JSON it is, if that is not found: columns, " + ", ".join(FORMATS) + ".",
    ),
]
