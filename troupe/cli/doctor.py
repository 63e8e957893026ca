"""The command `doctor`: checks of a deployment on Google Cloud.

Everything of Google's is imported in functions: the extra `troupe[gcp]` may not be installed.
"""

import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from analysis import Analyses
from analysis.places import refusal_advice
from handlers.dispatch.errors import Redeliver, Refused, Reject
from troupe.backends.defaults import utc_now

from .client import gcp_settings
from .options import AsJson
from .output import fail, print_json, print_lines

if TYPE_CHECKING:
    from troupe.backends.gcp.settings import GcpSettings
    from troupe.doctor.findings import Finding
    from troupe.doctor.probe import Probing

Live = Annotated[
    bool,
    typer.Option(
        "--live", help="Also send five invented conversations to the model. This costs money."
    ),
]
JobName = Annotated[
    str,
    typer.Option("--job", metavar="JOB", help="Continue the probe of this job, started before."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation of the cost.")]


def doctor(
    live: Live = False, job: JobName = "", yes: Yes = False, as_json: AsJson = False
) -> None:
    """Check a deployment on Google Cloud: permissions, schemas, topology and clocks.

    Each fault is printed with its remedy. It ends with 1 if there is a fault.

    Examples:
        troupe doctor --backend gcp --terraform deployment.json
        troupe doctor --backend gcp --terraform deployment.json --live
    """
    settings = gcp_settings()
    if live or job:
        _show(_probe(settings, job, yes=yes), as_json)
        return
    from troupe.doctor import examine

    _show(list(examine(settings)), as_json)


def _show(findings: "list[Finding]", as_json: bool) -> None:
    from troupe.doctor.findings import exit_code, lines

    if as_json:
        print_json([asdict(each) for each in findings])
    else:
        print_lines(lines(findings))
    raise typer.Exit(exit_code(findings))


def _probe(settings: "GcpSettings", job: str, *, yes: bool) -> "list[Finding]":
    """Send the probe, or continue the one of `job`; return what its answers show."""
    from troupe.doctor.findings import finding_of_error
    from troupe.doctor.probe_results import RIGHT, read_probe

    try:
        probing = _probing(settings)
    except Exception as error:
        return [finding_of_error("probe", error, RIGHT)]
    return read_probe(probing, job or _start(probing, yes=yes))


def _start(probing: "Probing", *, yes: bool) -> str:
    """Show the cost, ask for confirmation, and create the job; return its name."""
    from troupe.doctor.probe import LABEL, begin_probe, probe_cost

    typer.echo(probe_cost(probing.analysis), err=True)
    if not yes and not typer.confirm("Begin it?", err=True):
        fail("nothing was begun, and nothing is paid", 1)
    name = secrets.token_hex(8)
    try:
        return begin_probe(probing, name).name
    except Redeliver as error:
        fail(f"{error}; a job with the label {LABEL}={name} may be there all the same", 1)
    except (Refused, Reject) as error:
        place = probing.settings.policy.vertex_location
        advice = refusal_advice(error.cause, probing.analysis.model, place)
        fail(f"no job was created: {error}; {advice or 'see `troupe doctor --backend gcp`'}", 1)


def _probing(settings: "GcpSettings") -> "Probing":
    from troupe.backends.gcp.backend import make_bucket, make_job_service
    from troupe.doctor.probe import Probing

    return Probing(
        settings=settings,
        analysis=Analyses().load("call_review_v1"),
        bucket=make_bucket(settings),
        job_service=make_job_service(settings),
        clock=utc_now,
    )
