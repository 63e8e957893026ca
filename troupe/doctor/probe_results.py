"""The findings of a probe: the end of its job, its files and their content, and the resumed job."""

from collections.abc import Iterator
from functools import partial

from handlers.ports import Job

from .findings import Finding, fault, run_check, warning
from .probe import LABEL, Probing, output_of, transcripts_of
from .probe_echo import check_lines
from .probe_end import ANOTHER, job_finding, read_lines, read_output
from .probe_resume import RESUMES, check_resume

RIGHT = (
    "roles/aiplatform.user, roles/storage.objectUser on the bucket, "
    "and roles/storage.objectViewer on the output bucket"
)


def read_probe(probing: Probing, job_name: str) -> list[Finding]:
    """Return the findings so far; while a job runs, with the command to come back. Never raises.

    Once the first job has answered all requests, the second one is started.
    """
    return list(run_check("probe", partial(_probe, probing, job_name), RIGHT))


def _probe(probing: Probing, job_name: str) -> Iterator[Finding]:
    job = probing.job_service.get(job_name)
    if job is None:
        yield fault("probe", "the job does not exist, or was deleted", ANOTHER)
        return
    name = job.labels.get(LABEL, "")
    if not name:
        yield _not_a_probe(job)
        return
    yield job_finding(probing, job, job.name)
    if job.state.ended:
        yield from run_check("layout", partial(_results, probing, job, name), RIGHT)


def _not_a_probe(job: Job) -> Finding:
    message = "the job lacks the label of a probe: it belongs to a run, and is not read"
    if RESUMES in job.labels:
        message = "the job is the second one of a probe"
    return fault("probe", message, "give the name that `troupe doctor --live` printed")


def _results(probing: Probing, job: Job, name: str) -> Iterator[Finding]:
    found, lines = read_output(probing, job, output_of(probing.settings, name))
    if lines is not None:
        found += check_lines(read_lines(probing, lines), transcripts_of(name))
    yield from found
    if lines is None or any(each.state == "fault" for each in found):
        message = "not tested: the output of the first job has faults"
        yield warning("resume", message, "remove the faults, then start another probe")
        return
    yield from run_check("resume", partial(check_resume, probing, job, name, lines), RIGHT)
