"""The resumed job of a probe: its input is the first job's output with two answers removed.

Google documents that a job whose input is the output of an earlier one sends the failed requests
again, keeps the answers, and does not check them. Runs do not use it; the probe reports whether it
works.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

import msgspec

from handlers.dispatch.errors import Refused
from handlers.ports import Job, JobState

from .findings import Finding, ok, warning
from .probe import Probing, failed_records, output_of, transcripts_of
from .probe_echo import Line, check_keys
from .probe_end import ANOTHER, ERRORS, job_finding, read_lines, read_output

RESUMES = "resumes"
"""The only label of the second job."""
_STATUS = (
    'Bad Request: {"error": {"code": 400, "message": "Taken out by a probe.",'
    ' "status": "INVALID_ARGUMENT"}}'
)
"""The documented form of a failed request, whose response is an empty object."""
_BY_HAND = "do not resume jobs by hand; runs never do, they send a new request file"
_ERRORS = {**ERRORS, 3: ("the importer refused the output as a request file", _BY_HAND)}


def check_resume(
    probing: Probing, first: Job, name: str, lines: Sequence[bytes]
) -> Iterator[Finding]:
    """Check the second job, and start it when there is none. `lines` is the first job's output.

    Raises `Reject` or `Redeliver`; after `Redeliver` the job may exist.
    """
    before = read_lines(probing, lines)
    try:
        job = _second(probing, name, lines, before)
    except Refused as refused:
        message = f"the service refuses an output as input ({refused.cause})"
        yield warning("resume", message, _BY_HAND)
        return
    if job is None:
        message = "its job was requested before, and is not listed"
        yield warning("resume", message, f"run the doctor again in some minutes; then {ANOTHER}")
        return
    yield _resumed(job_finding(probing, job, first.name, _ERRORS))
    if job.state is JobState.SUCCEEDED:
        found, after = read_output(probing, job, _output(probing, name))
        if after is not None:
            lines_now = read_lines(probing, after)
            found += compare_resumed(before, lines_now, transcripts_of(name), failed_records(name))
        yield from map(_resumed, found)


def _second(
    probing: Probing, name: str, lines: Sequence[bytes], before: Sequence[Line]
) -> Job | None:
    """Create the job once, because it costs; None when its file exists and no job is listed.

    Two callers at the same time may both create it.
    """
    listed = probing.job_service.find({RESUMES: name})
    if listed:
        return listed[0]
    folder = f"requests/probe-{name}"
    if probing.bucket.list(probing.bucket.uri(folder)):
        return None
    failed = failed_records(name)
    changed = (
        _failed(text) if line.record in failed else text + b"\n"
        for text, line in zip(lines, before, strict=True)
    )
    return probing.job_service.create(
        display_name=f"troupe.probe.{name}.resumed",
        model=probing.analysis.model,
        request_uri=probing.bucket.write_once(f"{folder}/resumed.jsonl", changed).uri,
        output_prefix=_output(probing, name),
        labels={RESUMES: name},
    )


def compare_resumed(
    before: Sequence[Line], after: Sequence[Line], asked: Mapping[str, str], failed: Set[str]
) -> Iterator[Finding]:
    """Compare the output of both jobs; `failed` are the records whose answers were removed."""
    done = [line.answer for line in before if line.record not in failed]
    came = {line.answer for line in after}
    kept = sum(answer in came for answer in done)
    message = f"{kept} of {len(done)} answers came back unchanged, in {len(after)} lines"
    yield _finding("kept", message, kept == len(done) and len(after) == len(asked))
    good = {line.reading.record_id for line in after if line.reading.error_type is None} & failed
    message = f"{len(good)} of {len(failed)} failed requests were answered"
    yield _finding("retried", message, good == failed)
    for each in check_keys(after, asked):
        yield _finding(each.name, each.message, each.state == "ok")


def _finding(name: str, message: str, is_ok: bool) -> Finding:
    return ok(name, message) if is_ok else warning(name, message, _BY_HAND)


def _failed(text: bytes) -> bytes:
    fields = msgspec.json.decode(text)
    return msgspec.json.encode(fields | {"status": _STATUS, "response": {}}) + b"\n"


def _output(probing: Probing, name: str) -> str:
    return output_of(probing.settings, f"{name}-resumed")


def _resumed(finding: Finding) -> Finding:
    """Rename a finding of the second job; a fault becomes a warning, as no run depends on it."""
    name = "resume" if finding.name == "probe" else f"resume {finding.name}"
    return replace(
        finding, name=name, state="warning" if finding.state == "fault" else finding.state
    )
