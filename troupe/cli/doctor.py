"""Is a deployment in order? And, with `--live`, what does the service itself do?"""

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from .client import fail
from .client_gcp import gcp_settings
from .options import AsJson, print_json, print_lines

if TYPE_CHECKING:
    from troupe.backends.gcp.settings import GcpSettings
    from troupe.doctor.findings import Finding
    from troupe.doctor.probe import Probing

Live = Annotated[
    bool, typer.Option("--live", help="Ask the model about five invented conversations. Costs.")
]
JobName = Annotated[
    str, typer.Option("--job", help="Go on with the probe of this job, begun before.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether the probe may cost.")]


def doctor(
    live: Live = False, job: JobName = "", yes: Yes = False, as_json: AsJson = False
) -> None:
    """Examine a deployment: one line and one remedy each. Ends with 1 when there is a fault."""
    settings = gcp_settings()
    if live or job:
        _show(_probed(settings, job, yes=yes), as_json)
        return
    from troupe.doctor import examine

    _show(list(examine(settings)), as_json)


def _show(findings: "list[Finding]", as_json: bool) -> None:
    from dataclasses import asdict

    from troupe.doctor.findings import exit_code, lines

    if as_json:
        print_json([asdict(each) for each in findings])
    else:
        print_lines(lines(findings))
    raise typer.Exit(exit_code(findings))


def _probed(settings: "GcpSettings", job: str, *, yes: bool) -> "list[Finding]":
    from troupe.doctor.findings import trouble
    from troupe.doctor.probe_results import RIGHT, read_probe

    try:
        probing = _probing(settings)
    except Exception as error:
        return [trouble("probe", error, RIGHT)]
    return read_probe(probing, job or _begun(probing, yes=yes))


def _begun(probing: "Probing", *, yes: bool) -> str:
    """Its cost is told first, and asked for."""
    from handlers.dispatch.errors import Redeliver, Refused, Reject
    from troupe.doctor.probe import LABEL, begin_probe, probe_cost

    typer.echo(probe_cost(probing.analysis), err=True)
    if not yes and not typer.confirm("Begin it?", err=True):
        fail("nothing was begun, and nothing is paid", 1)
    name = secrets.token_hex(8)
    try:
        return begin_probe(probing, name).name
    except Redeliver as trouble:
        fail(f"{trouble}; a job with the label {LABEL}={name} may be there all the same", 1)
    except (Refused, Reject) as trouble:
        fail(f"no job was made: {trouble}; see `troupe --backend gcp doctor`", 1)


def _probing(settings: "GcpSettings") -> "Probing":
    from analysis import Analyses
    from troupe.backends.defaults import utc_now
    from troupe.backends.gcp.backend import make_bucket, make_job_service
    from troupe.doctor.probe import Probing

    return Probing(
        settings=settings,
        analysis=Analyses().load("call_review_v1"),
        bucket=make_bucket(settings),
        job_service=make_job_service(settings),
        clock=utc_now,
    )
