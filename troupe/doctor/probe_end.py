"""How a job of a probe has ended, and what it wrote."""

import re
from collections.abc import Iterator, Mapping, Sequence

from analysis import Reader, lines_of
from handlers.attempts.output_files import is_final, results_in
from handlers.dispatch.errors import Reject
from handlers.ports import Blob, Job, JobState

from .findings import Finding, fault, ok, warning
from .probe import Probing
from .probe_echo import Line, read_line

ANOTHER = "begin another: `troupe --backend gcp doctor --live`"
_INCREMENTAL = "incremental_predictions.jsonl"
_FOLDER = re.compile(r"prediction-model-[0-9A-Za-z:.-]{1,60}")
_SHOWN = re.compile(r"[\w.:-]{1,80}")
ERRORS: Mapping[int, tuple[str, str]] = {
    1: ("it was cancelled", ANOTHER),
    3: ("the importer refused the request file", "report it: the same would meet every run"),
    7: ("Vertex's agent may not read or write a bucket", "give it what infra/terraform gives it"),
    9: ("a bucket was not found, or lies elsewhere", "compare the buckets with Vertex's location"),
    13: ("the service failed", ANOTHER),
}
"""By gRPC code, as others have seen them."""


def job_finding(
    probing: Probing, job: Job, begun: str, errors: Mapping[int, tuple[str, str]] = ERRORS
) -> Finding:
    """Where it stands; while it runs, how to come back, by the name that was `begun`."""
    state = job.state.name
    if not job.state.ended:
        minutes = (probing.clock() - job.created_at).total_seconds() / 60
        back = f"come back: `troupe --backend gcp doctor --live --job {begun}`"
        return warning("probe", f"{state}, {minutes:,.0f} min after its creation", back)
    queue = ""
    if job.started_at is not None:
        minutes = (job.started_at - job.created_at).total_seconds() / 60
        queue = f", after {minutes:,.0f} min in the queue"
    if job.state is JobState.SUCCEEDED:
        return ok("probe", f"{state}{queue}")
    message, remedy = errors.get(job.error_code or 0, ("no reason is known here", ANOTHER))
    return fault("probe", f"{state} with code {job.error_code}{queue}: {message}", remedy)


def read_output(
    probing: Probing, job: Job, prefix: str
) -> tuple[list[Finding], list[bytes] | None]:
    """What is to be said of its files, and their lines; None when they cannot be read."""
    folder = job.output_folder
    if folder is None:
        return [fault("layout", "the job names no folder of its output", ANOTHER)], None
    blobs = probing.bucket.list(folder)
    found = [_folder(folder, prefix), _files(blobs, folder)]
    try:
        chosen = results_in(blobs, must_be_whole=job.state is JobState.SUCCEEDED)
    except Reject as error:
        message = f"not all are there ({error.cause})"
        return [*found, fault("files", message, "look again in some minutes")], None
    return found, list(_lines(probing, chosen))


def read_lines(probing: Probing, lines: Sequence[bytes]) -> list[Line]:
    """As a run would read them."""
    reader = Reader(probing.analysis)
    return [
        read_line(line, reader.read_line(line, number), probing.analysis)
        for number, line in enumerate(lines, start=1)
    ]


def _folder(folder: str, prefix: str) -> Finding:
    if folder.startswith(f"{prefix}/") and _FOLDER.fullmatch(folder[len(prefix) + 1 :].rstrip("/")):
        return ok("layout", "one folder, prediction-model-<time>, below the prefix")
    message = "the job writes elsewhere than in prediction-model-<time> below its prefix"
    return warning("layout", message, "report it; runs go by the folder that the job names")


def _files(found: list[Blob], folder: str) -> Finding:
    """Names, shards and all; unknown ones are for a person to look at."""
    names = [blob.uri[len(folder.rstrip("/")) + 1 :] for blob in found]
    final = [name for name in names if is_final(name)]
    other = [name for name in names if not is_final(name) and not name.endswith(_INCREMENTAL)]
    told = ", ".join(_shown(name) for name in names) or "none"
    if other:
        return warning("files", told, f"report them: {len(other):,} have names that nobody reads")
    if final:
        return ok("files", f"{told}; results in {len(final):,}")
    return warning("files", told, "report it: there is no final file")


def _lines(probing: Probing, blobs: list[Blob]) -> Iterator[bytes]:
    blocks = (block for blob in blobs for block in probing.bucket.read(blob))
    return (line for line in lines_of(blocks) if line and not line.isspace())


def _shown(name: str) -> str:
    return name if _SHOWN.fullmatch(name) else "(a name with other signs)"
