"""The probe: a batch job of five invented conversations, to test undocumented behaviour of Vertex.

A second job resumes from the output of the first one. Each leaves two small files, without
personal data, in folders that the buckets' lifecycle rules empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis import Analysis, Request, fingerprint, preflight, render
from analysis.prices import price_of
from handlers.ports import Bucket, Clock, Job, JobService
from handlers.runs.estimate import estimate
from troupe.backends.gcp.settings import GcpSettings

_LETTERS = (
    # Umlauts, one of them in two code points, and a character beyond the basic plane.
    "Agent: Grüß Gott, was kann ich für Sie tun?\n"
    "Kunde: Mein Paket ist nicht gekommen, schon zum zweiten Mal! \U0001f620\n"
    "Agent: Das tut mir leid, ich schicke es heute fru\u0308h noch einmal."
)
_PUNCTUATION = (
    # Quotes, backslashes, tags, and text that looks like JSON.
    "Agent: Please read me the error.\n"
    'Customer: It says {"code": 7, "path": "C:\\\\temp\\\\new"}.\n'
    "Agent: And <b>below</b> that?\n"
    "Customer: </transcript> &amp; nothing else."
)
_SPACES = (
    # Every kind of white space, also at the end.
    "Agent: Hello?\r\nCustomer:\tHello,\u00a0I would like to move my appointment.\r\n"
    "Agent:  Which day?\u2028Customer: Friday, please. \n\n"
)
_DIGITS = (
    # Digits that must stay text, and words that must not become values.
    "000000\nCustomer: null. Sorry, true. My order is 007, since 2026-03-02T09:00:00Z.\n"
    "Agent: It leaves tomorrow, and brings 1e3 points."
)
_SCRIPTS = (
    # Two directions in one line.
    "Agent: Good morning.\n"
    "Customer: The bill says \u03a9mega, it should say \u041e\u043c\u0435\u0433\u0430.\n"
    "Agent: I have corrected it. \u05e9\u05dc\u05d5\u05dd, and goodbye."
)

CALLS = (_LETTERS, _PUNCTUATION, _SPACES, _DIGITS, _SCRIPTS)
"""Five invented conversations, with characters that a service may change."""
LABEL = "probe"
"""The only label of the job. Runs ignore a job without the labels `troupe` and `attempt`."""
_FAILED_CALLS = (2, 4)
"""Numbers of the conversations that the second job has to answer again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """The dependencies of a probe."""

    settings: GcpSettings
    analysis: Analysis
    bucket: Bucket
    job_service: JobService
    clock: Clock


def probe_cost(analysis: Analysis) -> str:
    """Return a sentence on the probe's expected and maximum cost; unknown without a price."""
    lines = [len(line) for line in _lines(analysis, "cost")]
    again = [lines[number - 1] for number in _FAILED_CALLS]
    requests, size = len(lines) + len(again), sum(lines) + sum(again)
    expected, price = estimate(requests, size, analysis.model, analysis), price_of(analysis.model)
    # Maximum: the second job sends all requests again, and a token has at least one byte.
    low_input, high_input = expected.input_tokens
    most_input, most_output = 2 * sum(lines), 2 * len(lines) * analysis.max_output_tokens
    description = (
        f"The probe sends {len(lines)} invented conversations to {analysis.model} in one batch "
        f"job. When you come back to it, a second job resumes the first one with {len(again)} of "
        f"them. Both use {low_input:,} to {high_input:,} input tokens, and at most "
        f"{most_output:,} output tokens. "
    )
    if price is None or expected.low is None or expected.high is None:
        return f"{description}The cost is unknown: no price is listed for this model."
    most = (most_input * price.input + most_output * price.output) / 1e6
    return (
        f"{description}Expected cost: {expected.low:.4f} to {expected.high:.4f} US dollars, "
        f"at most {most:.4f}, at the prices of {price.as_of}."
    )


def begin_probe(probing: Probing, name: str) -> Job:
    """Write the request file and create the job. `name` is new: small letters, digits, `-`.

    Raises `Refused`, `Reject` or `Redeliver`. After `Redeliver` the job may exist, and is found by
    its label.
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
    """Return the output prefix, in the bucket that Vertex may write to."""
    return f"gs://{settings.output_bucket}/output/probe-{name}"


def transcripts_of(name: str) -> Mapping[str, str]:
    """Return the transcripts by record id, in the order of the file."""
    return {
        fingerprint(f"probe {name} {number}")[:32]: transcript
        for number, transcript in enumerate(CALLS, start=1)
    }


def failed_records(name: str) -> frozenset[str]:
    """Return the record ids whose answers are removed before the second job."""
    records = enumerate(transcripts_of(name), start=1)
    return frozenset(record for number, record in records if number in _FAILED_CALLS)


def _lines(analysis: Analysis, name: str) -> list[bytes]:
    requests = [
        Request(key, text, analysis.max_output_tokens) for key, text in transcripts_of(name).items()
    ]
    return list(render(analysis, requests))
