"""What a probe's job shows once it has ended: its end, its files, and what stands in them."""

import re
from collections.abc import Iterator
from functools import partial

from analysis import Reader, lines_of
from handlers.errors import SetAside
from handlers.output_files import is_final, results_in
from handlers.tools import Blob, Job, JobState

from .echo import Line, examine_lines, read_line
from .findings import Finding, examined, fault, ok, warning
from .probe import LABEL, Probing, asked, output_of

RIGHT = "roles/aiplatform.user, and roles/storage.objectViewer on the output bucket"
_ANOTHER = "begin another: `troupe --world gcp doctor --live`"
_INCREMENTAL = "incremental_predictions.jsonl"
_FOLDER = re.compile(r"prediction-model-[0-9A-Za-z:.-]{1,60}")
_SHOWN = re.compile(r"[\w.:-]{1,80}")
_ERRORS = {
    1: ("it was cancelled", _ANOTHER),
    3: ("the importer refused the request file", "report it: the same would meet every run"),
    7: ("Vertex's agent may not read or write a bucket", "give it what infra/terraform gives it"),
    9: ("a bucket was not found, or lies elsewhere", "compare the buckets with Vertex's location"),
    13: ("the service failed", _ANOTHER),
}
"""By gRPC code, as others have seen them."""


def read_probe(probing: Probing, job_name: str) -> list[Finding]:
    """What is known by now; while the job runs, how to come back. Nothing is raised."""
    return list(examined("probe", partial(_probe, probing, job_name), RIGHT))


def _probe(probing: Probing, job_name: str) -> Iterator[Finding]:
    job = probing.model.get(job_name)
    if job is None:
        yield fault("probe", "there is no such job, or it was deleted", _ANOTHER)
        return
    name = job.labels.get(LABEL, "")
    if not name:
        says = "the job does not carry the label of a probe: it is a run's, and is left alone"
        yield fault("probe", says, "give the name that `troupe doctor --live` printed")
        return
    yield _standing(probing, job)
    if job.state.ended:
        yield from examined("layout", partial(_results, probing, job, name), RIGHT)


def _standing(probing: Probing, job: Job) -> Finding:
    state = job.state.name
    if not job.state.ended:
        minutes = (probing.clock() - job.created_at).total_seconds() / 60
        back = f"come back: `troupe --world gcp doctor --live --job {job.name}`"
        return warning("probe", f"{state}, {minutes:,.0f} min after its creation", back)
    queue = ""
    if job.started_at is not None:
        minutes = (job.started_at - job.created_at).total_seconds() / 60
        queue = f", after {minutes:,.0f} min in the queue"
    if job.state is JobState.SUCCEEDED:
        return ok("probe", f"{state}{queue}")
    says, remedy = _ERRORS.get(job.error_code or 0, ("no reason is known here", _ANOTHER))
    return fault("probe", f"{state} with code {job.error_code}{queue}: {says}", remedy)


def _results(probing: Probing, job: Job, name: str) -> Iterator[Finding]:
    folder = job.output_folder
    if folder is None:
        yield fault("layout", "the job names no folder of its output", _ANOTHER)
        return
    yield _folder(folder, output_of(probing.settings, name))
    found = probing.bucket.list(folder)
    yield from _files(found, folder)
    try:
        chosen = results_in(found, must_be_whole=job.state is JobState.SUCCEEDED)
    except SetAside as error:
        yield fault("files", f"not all are there ({error.cause})", "look again in some minutes")
        return
    yield from examine_lines(list(_lines(probing, chosen)), asked(name))


def _folder(folder: str, prefix: str) -> Finding:
    if folder.startswith(f"{prefix}/") and _FOLDER.fullmatch(folder[len(prefix) + 1 :].rstrip("/")):
        return ok("layout", "one folder, prediction-model-<time>, below the prefix")
    says = "the job writes elsewhere than in prediction-model-<time> below its prefix"
    return warning("layout", says, "report it; runs go by the folder that the job names")


def _files(found: list[Blob], folder: str) -> Iterator[Finding]:
    """Names, shards and all; unknown ones are for a person to look at."""
    names = [blob.uri[len(folder.rstrip("/")) + 1 :] for blob in found]
    final = [name for name in names if is_final(name)]
    other = [name for name in names if not is_final(name) and not name.endswith(_INCREMENTAL)]
    told = ", ".join(_shown(name) for name in names) or "none"
    if other:
        yield warning("files", told, f"report them: {len(other):,} have names that nobody reads")
    elif final:
        yield ok("files", f"{told}; results in {len(final):,}")
    else:
        yield warning("files", told, "report it: there is no final file")


def _lines(probing: Probing, blobs: list[Blob]) -> Iterator[Line]:
    reader = Reader(probing.analysis)
    blocks = (block for blob in blobs for block in probing.bucket.read(blob))
    for number, line in enumerate(lines_of(blocks), start=1):
        if line and not line.isspace():
            yield read_line(line, reader.read_line(line, number), probing.analysis)


def _shown(name: str) -> str:
    return name if _SHOWN.fullmatch(name) else "(a name with other signs)"
