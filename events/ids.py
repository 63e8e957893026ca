"""Deterministic ids: each is built here and taken apart here, and nowhere else.

An id is derived from the thing that it names; none is random. Pub/Sub delivers at least once, so a
handler may run twice for one event. The second run arrives at the same ids, by which the event
log, BigQuery, Cloud Storage and Vertex recognise what the first run has done.

Parts are joined by `__`. Deployment ids, run ids, topics, handler names, record ids and numbers
cannot contain it, so an id of such parts can be taken apart. An id that ends in a text from
outside, such as the id of a request, is only ever compared.

Where SQL has to compose an id, its rule is the function here, and
`tests/tracking/test_ids_in_sql.py` compares the two. Keys of request lines (`k-<record id>`) are
in `analysis/template.py`, because `analysis` imports no other package.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

SEPARATOR = "__"
END = r"(?![\s\S])"
"""The very end of a text: `$` would also match before a final line break."""
RUN_ID = rf"^[a-z0-9][a-z0-9-]{{0,39}}{END}"
"""Pattern of a run id, in the regular expressions that msgspec and JSON Schema share."""

Transaction = Literal[
    "plan",
    "claim",
    "return",
    "release",
    "close",
    "clear",
    "replace",
    "forget",
    "error",
    "report",
    "review",
    "judge",
    "load",
    "golden",
    "create_deployment",
]
"""What a BigQuery job with an id of ours does."""

_BLANK = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"})
_DEPLOYMENT_ID = re.compile(r"[a-z0-9]{1,8}")
_ATTEMPT = re.compile(r"([a-z0-9]{1,8})__([a-z0-9][a-z0-9-]{0,39})__([0-9]+)__([0-9]+)")
_OUTPUT = re.compile(rf"output/({_ATTEMPT.pattern})__[0-9]+/")
_LETTER = re.compile(r"([\s\S]+)__([a-z][a-z-]*)__([0-9]{1,9})")
_DISPLAY_NAME = "troupe."
_TRY = re.compile(r"__r([0-9]+)")
_CONSOLE = re.compile(r"console(?:-([\s\S]+))?-[0-9a-f]{16}")
_JSON_ESCAPES = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"})


def join(*parts: object) -> str:
    """Join the parts of an id.

    >>> join("ab12", "batch-planned", "spring", 2, 1)
    'ab12__batch-planned__spring__2__1'
    """
    return SEPARATOR.join(str(part) for part in parts)


def short_hash(text: str) -> str:
    """Hash a text of any length to 12 hex digits.

    >>> short_hash("spring")
    '622a494d3ea8'
    """
    return long_hash(text)[:12]


def long_hash(*parts: object) -> str:
    """Hash the joined parts to 64 hex digits (SHA-256)."""
    return hashlib.sha256(join(*parts).encode()).hexdigest()


# Records and runs


def record_id(phone_number_token: object, interaction_id: object, reference_id: object) -> str:
    """Name one source row by its three identifying columns: 32 hex digits that reveal none.

    `tracking/fragments/plan/source_rows.sql` computes the same with `TO_JSON_STRING`, which writes
    UTF-8 as it is but escapes U+2028 and U+2029 (source: `JsonEscapeString` in google/zetasql,
    common/json_util.cc).

    >>> record_id("tok", 7, None)
    'c7ec0d9ea2c7bfe7c9c01453986ccc28'
    """
    ids = [
        None if part is None else str(part)
        for part in (phone_number_token, interaction_id, reference_id)
    ]
    text = json.dumps(ids, ensure_ascii=False, separators=(",", ":")).translate(_JSON_ESCAPES)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def has_identity(interaction_id: object, reference_id: object) -> bool:
    """Whether a source row differs from all others: one of the two ids is not blank.

    Blank is what has only separators (Unicode's Z) and other characters without a sign (C);
    `tracking/fragments/plan/source_selection.sql` judges the same by `[^\\pZ\\pC]`.

    >>> has_identity(None, 7), has_identity(" ", None)
    (True, False)
    """
    parts = ("" if part is None else str(part) for part in (interaction_id, reference_id))
    return any(unicodedata.category(sign) not in _BLANK for part in parts for sign in part)


def derived_run_id(request_id: str) -> str:
    """Name a run after the request that left its id empty: a redelivery is the same run.

    >>> derived_run_id("1234567")
    'run-8bb0cf6eb9b1'
    """
    return f"run-{short_hash(request_id)}"


# Attempts: Vertex labels and object names


class AttemptId(NamedTuple):
    """The parts of an attempt's id."""

    deployment: str
    run_id: str
    batch: int
    attempt: int


def attempt_id(deployment: str, run_id: str, batch: int, attempt: int) -> str:
    """Name an attempt in Vertex labels (63 characters at most) and in object names.

    >>> attempt_id("ab12", "spring", 2, 1)
    'ab12__spring__2__1'
    """
    return join(deployment, run_id, batch, attempt)


def parse_attempt_id(text: str) -> AttemptId | None:
    """Take an attempt's id apart; None for any other text.

    >>> parse_attempt_id("ab12__spring__2__1")
    AttemptId(deployment='ab12', run_id='spring', batch=2, attempt=1)
    """
    match = _ATTEMPT.fullmatch(text)
    return AttemptId(match[1], match[2], int(match[3]), int(match[4])) if match else None


def request_object(attempt: str) -> str:
    """Name the object that holds the request lines of an attempt.

    >>> request_object("ab12__spring__2__1")
    'requests/ab12__spring__2__1.jsonl'
    """
    return f"requests/{attempt}.jsonl"


STAGING = "staging"
"""The folder of the objects that are loaded into staging tables."""


def staging_object(execution: str) -> str:
    """Name the object that holds the answers which one execution reads, until they are loaded.

    >>> staging_object("5f0c")
    'staging/5f0c/answers.ndjson'
    """
    # Written out: the permissions of a service derive from the literal.
    return f"staging/{execution}/answers.ndjson"


def output_folder(attempt: str, claim: int) -> str:
    """Name the folder that only the Vertex job of this claim on the attempt writes to.

    >>> output_folder("ab12__spring__2__1", 3)
    'output/ab12__spring__2__1__3'
    """
    return f"output/{join(attempt, claim)}"


def attempt_of_output(object_name: str) -> AttemptId | None:
    """Read from an object's name which attempt's job wrote it; None for any other object.

    >>> attempt_of_output("output/ab12__spring__2__1__3/predictions.jsonl")
    AttemptId(deployment='ab12', run_id='spring', batch=2, attempt=1)
    """
    match = _OUTPUT.match(object_name)
    return parse_attempt_id(match[1]) if match else None


def job_display_name(attempt: str) -> str:
    """Name a Vertex job in the console by its attempt; several jobs may have the same name.

    >>> job_display_name("ab12__spring__2__1")
    'troupe.ab12__spring__2__1'
    """
    return f"{_DISPLAY_NAME}{attempt}"


# BigQuery jobs and staging tables


def bigquery_job(transaction: Transaction, *parts: object) -> str:
    """Name a BigQuery job; only one caller can create a job of this id.

    >>> bigquery_job("claim", "ab12", "spring", 2, 1, 1)
    'troupe__claim__ab12__spring__2__1__1'
    """
    return join("troupe", transaction, *parts)


def is_bigquery_job(job_id: str, transaction: Transaction) -> bool:
    """Whether a BigQuery job runs this transaction.

    >>> is_bigquery_job("troupe__claim__ab12__spring__2__1__1", "claim")
    True
    """
    return job_id.startswith(f"{bigquery_job(transaction)}{SEPARATOR}")


def job_try(job_id: str, number: int) -> str:
    """Name one try of a BigQuery job: a job that failed has used its id up.

    >>> job_try("troupe__plan__ab12__spring", 1)
    'troupe__plan__ab12__spring'
    >>> job_try("troupe__plan__ab12__spring", 2)
    'troupe__plan__ab12__spring__r2'
    """
    return job_id if number == 1 else join(job_id, f"r{number}")


def number_of_try(job_id: str, name: str) -> int | None:
    """Read which try of the job `job_id` has this name; None when it is another job.

    >>> number_of_try("troupe__plan__ab12__spring", "troupe__plan__ab12__spring__r2")
    2
    """
    if name == job_id:
        return 1
    match = _TRY.fullmatch(name.removeprefix(job_id)) if name.startswith(job_id) else None
    return int(match[1]) if match else None


def staging_table(table: str, uris: Sequence[str]) -> str:
    """Name the staging table that these objects are loaded into.

    >>> staging_table("staged", ["gs://answers/a.ndjson"])
    'staged_8ce1c751504a'
    """
    return f"{table}_{short_hash(' '.join(uris))}"


# Pub/Sub topics of dead letters

_DEAD_LETTERS = "dead-letter-"


def dead_letter_topic(handler: str) -> str:
    """Name the topic that takes the messages this handler could not handle.

    >>> dead_letter_topic("plan-run")
    'dead-letter-plan-run'
    """
    return f"{_DEAD_LETTERS}{handler}"


def handler_of_dead_letters(topic: str) -> str | None:
    """Read whose dead letters a topic takes; None for any other topic.

    >>> handler_of_dead_letters("dead-letter-plan-run")
    'plan-run'
    """
    return topic.removeprefix(_DEAD_LETTERS) if topic.startswith(_DEAD_LETTERS) else None


class LetterId(NamedTuple):
    """The parts of a dead letter's id."""

    event_id: str
    handler: str
    generation: int
    """How many times an operator had replayed the event for this handler before it failed."""


def letter_id(event_id: str, handler: str, generation: int) -> str:
    """Name a dead letter. Copies of one generation are the same letter.

    >>> letter_id("ab12__batch-planned__spring__2__1", "write-jsonl", 0)
    'ab12__batch-planned__spring__2__1__write-jsonl__0'
    """
    return join(event_id, handler, generation)


def parse_letter_id(text: str) -> LetterId | None:
    """Take a dead letter's id apart, from its end; None for any other text.

    >>> parse_letter_id("ab12__batch-planned__spring__2__1__write-jsonl__0")
    LetterId(event_id='ab12__batch-planned__spring__2__1', handler='write-jsonl', generation=0)
    """
    match = _LETTER.fullmatch(text)
    return LetterId(match[1], match[2], int(match[3])) if match else None


def console_command(user: str, token: str) -> str:
    """Name a command of the console: `user` is empty without a sign-in.

    >>> console_command("ada@example.com", "0123456789abcdef")
    'console-ada@example.com-0123456789abcdef'
    """
    return "-".join(filter(None, ("console", user, token)))


def command_line_command(name: str) -> str:
    """Name a command of the command line, by a new name.

    >>> command_line_command("5f2b")
    'cli-5f2b'
    """
    return f"cli-{name}"


def sender_of_command(command_id: str) -> str:
    """Say who sent a command: a user of the console or the command line; empty for another sender.

    >>> sender_of_command("console-ada@example.com-0123456789abcdef")
    'ada@example.com, in the console'
    >>> sender_of_command("console-0123456789abcdef"), sender_of_command("cli-5f2b")
    ('the console', 'the command line')
    """
    console = _CONSOLE.fullmatch(command_id)
    if console:
        return f"{console[1]}, in the console" if console[1] else "the console"
    return "the command line" if command_id.startswith("cli-") else ""


# Rows of error_tracking and history_clearings. Never taken apart: each part is a column as well.


def run_refused_error(run_id: str, request_id: str) -> str:
    """Name the error of a refused request.

    >>> run_refused_error("spring", "1234567")
    'run_refused__spring__1234567'
    """
    return join("run_refused", run_id, request_id)


def dead_letter_error(letter: str, cause: str) -> str:
    """Name the error of a dead letter. Copies of one letter may differ in their cause.

    >>> dead_letter_error("ab12__run-planned__spring__advance-run__0", "no_price")
    'dead_lettered__ab12__run-planned__spring__advance-run__0__no_price'
    """
    return join("dead_lettered", letter, cause)


def notification_id(event_id: str) -> str:
    """Name the notification of an event: short, and fit for a header, whatever the event's id holds.

    >>> notification_id("ab12__report-written__spring")
    'n-a83ab5c2884cb5e95a1fa7b76b2917fa'
    """
    return f"n-{long_hash(event_id)[:32]}"


def paid_in_vain_error(job: str) -> str:
    """Name the error of a Vertex job that ran for a closed attempt.

    >>> paid_in_vain_error("projects/1/locations/us-central1/batchPredictionJobs/7")
    'paid_in_vain__31d269bfdd35'
    """
    return join("paid_in_vain", short_hash(job))


# Review samples


def review_sample_id(run_id: str, how: Sequence[str], record_ids: Sequence[str]) -> str:
    """Name a review sample by its run, by how it was drawn, and by its records in their order.

    >>> review_sample_id("spring", ("random", "0"), ["0f" * 16])
    '71346a4e85b8'
    """
    return long_hash(run_id, json.dumps([*how], ensure_ascii=False), *record_ids)[:12]


# Trace context


def traceparent(trace: str, span: str) -> str:
    """Derive a W3C trace context from two ids: one trace for a run, one span for an event."""
    return f"00-{long_hash(trace)[:32]}-{long_hash(span)[:16]}-01"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Builds the ids that belong to one deployment.

    The deployment's own id is set once and kept in the dataset. Raises `ValueError` for an id
    that is not 1 to 8 of a-z and 0-9.
    """

    id: str

    def __post_init__(self) -> None:
        if not _DEPLOYMENT_ID.fullmatch(self.id):
            raise ValueError(f"invalid deployment id {self.id!r}: use 1 to 8 of a-z and 0-9")

    def event(self, topic: str, *key: object) -> str:
        """Name an event by its topic and the fields that identify it.

        >>> Deployment("ab12").event("batch-planned", "spring", 2, 1)
        'ab12__batch-planned__spring__2__1'
        """
        return join(self.id, topic, *key)

    def job(self, transaction: Transaction, *key: object) -> str:
        """Name a BigQuery job of this deployment.

        >>> Deployment("ab12").job("close", "spring", 2, 1)
        'troupe__close__ab12__spring__2__1'
        """
        return bigquery_job(transaction, self.id, *key)

    def attempt(self, run_id: str, batch: int, attempt: int) -> str:
        """Name an attempt of this deployment: see `attempt_id`.

        >>> Deployment("ab12").attempt("spring", 2, 1)
        'ab12__spring__2__1'
        """
        return attempt_id(self.id, run_id, batch, attempt)
