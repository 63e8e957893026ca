"""Resuming: a second job, given what the first one wrote with two of its answers taken out.

Google documents no call for it, but an input: a new job that is given the output of an earlier
one asks what failed, keeps what was answered, and does not look whether somebody changed it.
No run does so. Whoever wants to has to know what is examined here.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

import msgspec

from handlers.dispatch.errors import Refused
from handlers.ports import Job, JobState

from .findings import Finding, ok, warning
from .probe import Probing, asked, failed_records, output_of
from .probe_echo import Line, check_keys
from .probe_end import ANOTHER, ERRORS, job_finding, read_lines, read_output

RESUMES = "resumes"
"""The only label of the second job."""
_STATUS = (
    'Bad Request: {"error": {"code": 400, "message": "Taken out by a probe.",'
    ' "status": "INVALID_ARGUMENT"}}'
)
"""As documented for a request that failed; its response is an empty object then."""
_BY_HAND = "resume no job by hand; a run never does, it asks again in a file of its own"
_ERRORS = {**ERRORS, 3: ("the importer refused the output as a request file", _BY_HAND)}


def check_resume(
    probing: Probing, first: Job, name: str, lines: Sequence[bytes]
) -> Iterator[Finding]:
    """`lines` is what the first job wrote; the second job is begun when it is not there.

    Raises `Reject` or `Redeliver`; after the last the job may be there all the same.
    """
    before = read_lines(probing, lines)
    try:
        job = _second(probing, name, lines, before)
    except Refused as refused:
        message = f"the service makes no job of an output ({refused.cause})"
        yield warning("resume", message, _BY_HAND)
        return
    if job is None:
        message = "its job was asked for before, and is not listed"
        yield warning("resume", message, f"look again in some minutes; then {ANOTHER}")
        return
    yield _resumed(job_finding(probing, job, first.name, _ERRORS))
    if job.state is JobState.SUCCEEDED:
        found, after = read_output(probing, job, _output(probing, name))
        if after is not None:
            lines_now = read_lines(probing, after)
            found += compare_resumed(before, lines_now, asked(name), failed_records(name))
        yield from map(_resumed, found)


def _second(
    probing: Probing, name: str, lines: Sequence[bytes], before: Sequence[Line]
) -> Job | None:
    """Begun once, because it costs: None when its file is there and no job shows.

    Two who come at the very same moment may both begin it.
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
    """What both jobs wrote; `failed` are the records whose answers were taken out."""
    done = [line.answer for line in before if line.record not in failed]
    came = {line.answer for line in after}
    kept = sum(answer in came for answer in done)
    message = f"{kept} of {len(done)} answers came back as they were, in {len(after)} lines"
    yield _finding("kept", message, kept == len(done) and len(after) == len(asked))
    good = {line.reading.record_id for line in after if line.reading.error_type is None} & failed
    message = f"{len(good)} of {len(failed)} failed requests are answered"
    yield _finding("retried", message, good == failed)
    for each in check_keys(after, asked):
        yield _finding(each.name, each.message, each.state == "ok")


def _finding(name: str, message: str, well: bool) -> Finding:
    return ok(name, message) if well else warning(name, message, _BY_HAND)


def _failed(text: bytes) -> bytes:
    line = msgspec.json.decode(text)
    return msgspec.json.encode(line | {"status": _STATUS, "response": {}}) + b"\n"


def _output(probing: Probing, name: str) -> str:
    return output_of(probing.settings, f"{name}-resumed")


def _resumed(finding: Finding) -> Finding:
    """Under a name of its own; no run depends on it, so that nothing of it is a fault."""
    name = "resume" if finding.name == "probe" else f"resume {finding.name}"
    return replace(
        finding, name=name, state="warning" if finding.state == "fault" else finding.state
    )
