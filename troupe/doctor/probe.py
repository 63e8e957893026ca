"""A probe: a job of five invented conversations, to see what no document confirms.

A second job resumes from what the first one wrote. Both leave two small files each, in folders
that a deployment's buckets empty by age; nobody said a word of what is in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis import Analysis, Request, fingerprint, preflight, render
from analysis.prices import price_of
from handlers.ports import Bucket, Clock, Job, JobService
from handlers.runs.estimate import estimate
from troupe.backends.gcp.settings import GcpSettings

from .probe_calls import CALLS

LABEL = "probe"
"""The only label of a probe's job. Without `troupe` and `attempt` no run takes it for its own."""
_FAILED_CALLS = (2, 4)
"""The conversations whose answers the second job has to give anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """What a probe needs."""

    settings: GcpSettings
    analysis: Analysis
    bucket: Bucket
    job_service: JobService
    clock: Clock


def probe_cost(analysis: Analysis) -> str:
    """What it is likely to cost, and the most that it can; unknown where the price is."""
    lines = [len(line) for line in _lines(analysis, "cost")]
    again = [lines[number - 1] for number in _FAILED_CALLS]
    asked, size = len(lines) + len(again), sum(lines) + sum(again)
    expected, price = estimate(asked, size, analysis.model, analysis), price_of(analysis.model)
    # At most: the second job asks everything again, and a token has a byte at least.
    read, most_read, read_output = expected.input_tokens, 2 * sum(lines), 2 * len(lines)
    read_output *= analysis.max_output_tokens
    told = (
        f"The probe asks {analysis.model} about {len(lines)} invented conversations in one batch "
        f"job, and about {len(again)} of them again in a second one, which resumes the first and "
        f"is begun when you come back to it: {read[0]:,} to {read[1]:,} tokens read, at most "
        f"{read_output:,} written. "
    )
    if price is None or expected.low is None or expected.high is None:
        return f"{told}Its cost is unknown: no price is listed for this model."
    most = (most_read * price.input + read_output * price.output) / 1e6
    return (
        f"{told}Expected: {expected.low:.4f} to {expected.high:.4f} US dollars; "
        f"at most {most:.4f}, at the rates of {price.as_of}."
    )


def begin_probe(probing: Probing, name: str) -> Job:
    """Write the request file and create the job. `name` is new: small letters, digits, `-`.

    Raises `Refused`, `Reject` or `Redeliver`; after the last the job may be there all the same,
    and is found by its label.
    """
    lines = preflight(probing.analysis, _lines(probing.analysis, name))
    blob = probing.bucket.write_once(f"requests/probe-{name}.jsonl", lines)
    return probing.job_service.create(
        display_name=f"troupe.probe.{name}",
        model=probing.analysis.model,
        request_uri=blob.uri,
        output_prefix=output_of(probing.settings, name),
        labels={LABEL: name},
    )


def output_of(settings: GcpSettings, name: str) -> str:
    """In the bucket that Vertex may write to."""
    return f"gs://{settings.output_bucket}/output/probe-{name}"


def asked(name: str) -> Mapping[str, str]:
    """Transcript by record id, in the order of the file; the ids are the probe's own."""
    return {
        fingerprint(f"probe {name} {number}")[:32]: transcript
        for number, transcript in enumerate(CALLS, start=1)
    }


def failed_records(name: str) -> frozenset[str]:
    """Those whose answers are taken out before the second job."""
    records = enumerate(asked(name), start=1)
    return frozenset(record for number, record in records if number in _FAILED_CALLS)


def _lines(analysis: Analysis, name: str) -> list[bytes]:
    requests = [Request(key, text, analysis.max_output_tokens) for key, text in asked(name).items()]
    return list(render(analysis, requests))
