"""The state of a probe's job, and its output files."""

import re
from collections.abc import Iterator, Mapping, Sequence

from analysis import Reader, lines_of
from handlers.attempts.job_states import is_final, results_in
from handlers.dispatch.errors import Reject
from handlers.ports import Blob, Job, JobState

from .findings import Finding, fault, ok, warning
from .probe import Probing
from .probe_echo import Line, read_line

ANOTHER = "start another probe: `troupe --backend gcp doctor --live`"
_INCREMENTAL = "incremental_predictions.jsonl"
_FOLDER = re.compile(r"prediction-model-[0-9A-Za-z:.-]{1,60}")
_SHOWN = re.compile(r"[\w.:-]{1,80}")
ERRORS: Mapping[int, tuple[str, str]] = {
    1: ("it was cancelled", ANOTHER),
    3: (
        "the importer refused the request file",
        "report it as a bug: every run would fail the same way",
    ),
    7: ("Vertex's service agent lacks a role on a bucket", "apply Terraform"),
    9: (
        "a bucket does not exist, or is in another location",
        "compare the locations of the buckets with Vertex's",
    ),
    13: ("the service failed", ANOTHER),
}
"""Cause and remedy by gRPC code, as seen with real jobs."""


def job_finding(
    probing: Probing, job: Job, begun: str, errors: Mapping[int, tuple[str, str]] = ERRORS
) -> Finding:
    """Return the state of the job; while it runs, with the command to come back to `begun`."""
    state = job.state.name
    if not job.state.ended:
        minutes = (probing.clock() - job.created_at).total_seconds() / 60
        back = f"come back later: `troupe --backend gcp doctor --live --job {begun}`"
        return warning("probe", f"{state}, {minutes:,.0f} min after its creation", back)
    queue = ""
    if job.started_at is not None:
        minutes = (job.started_at - job.created_at).total_seconds() / 60
        queue = f", after {minutes:,.0f} min in the queue"
    if job.state is JobState.SUCCEEDED:
        return ok("probe", f"{state}{queue}")
    message, remedy = errors.get(job.error_code or 0, ("the cause is unknown", ANOTHER))
    return fault("probe", f"{state} with code {job.error_code}{queue}: {message}", remedy)


def read_output(
    probing: Probing, job: Job, prefix: str
) -> tuple[list[Finding], list[bytes] | None]:
    """Return findings about the output files, and their lines; None when files are missing."""
    folder = job.output_folder
    if folder is None:
        return [fault("layout", "the job has no output folder", ANOTHER)], None
    blobs = probing.bucket.list(folder)
    found = [_folder(folder, prefix), _files(blobs, folder)]
    try:
        chosen = results_in(blobs, must_be_whole=job.state is JobState.SUCCEEDED)
    except Reject as error:
        message = f"output files are missing ({error.cause})"
        return [*found, fault("files", message, "run the doctor again in some minutes")], None
    return found, list(_lines(probing, chosen))


def read_lines(probing: Probing, lines: Sequence[bytes]) -> list[Line]:
    """Read the lines as a run would."""
    reader = Reader(probing.analysis)
    return [
        read_line(line, reading, probing.analysis)
        for number, line in enumerate(lines, start=1)
        for reading in reader.read_line(line, number)
    ]


def _folder(folder: str, prefix: str) -> Finding:
    if folder.startswith(f"{prefix}/") and _FOLDER.fullmatch(folder[len(prefix) + 1 :].rstrip("/")):
        return ok(
            "layout", "the output is in one folder, prediction-model-<time>, below the prefix"
        )
    message = "the output is not in a folder prediction-model-<time> below the prefix"
    return warning("layout", message, "report it; runs read the folder that the job names")


def _files(found: list[Blob], folder: str) -> Finding:
    """List the names of the files, and report unknown ones."""
    names = [blob.uri[len(folder.rstrip("/")) + 1 :] for blob in found]
    final = [name for name in names if is_final(name)]
    other = [name for name in names if not is_final(name) and not name.endswith(_INCREMENTAL)]
    listed = ", ".join(_shown(name) for name in names) or "no file"
    if other:
        return warning("files", listed, f"report it: {len(other):,} have names that runs ignore")
    if final:
        return ok("files", f"{listed}; results in {len(final):,}")
    return warning("files", listed, "report it: there is no final file")


def _lines(probing: Probing, blobs: list[Blob]) -> Iterator[bytes]:
    blocks = (block for blob in blobs for block in probing.bucket.read(blob))
    return (line for line in lines_of(blocks) if line and not line.isspace())


def _shown(name: str) -> str:
    return name if _SHOWN.fullmatch(name) else "(a name with other characters)"
