"""An analysis: the prompt that is sent, the answer's schema, and the columns the answer fills."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from analysis.attributes import Attributes
from analysis.reading.answer_parsing import READER_VERSION, Contract
from analysis.redaction import Redaction
from analysis.schema import Node, leaves
from analysis.template import Template, request_line

_TYPES = {"string": "STRING", "integer": "INT64", "number": "FLOAT64", "boolean": "BOOL"}


class Column(NamedTuple):
    """A column of the output table that the answer fills."""

    name: str
    type: str
    """BigQuery's type: STRING, INT64, FLOAT64, BOOL or RECORD."""
    mode: str
    """NULLABLE or REPEATED."""


@dataclass(frozen=True)
class Analysis:
    """One version of a prompt, its model settings, and how its answers become rows."""

    name: str
    """With its version, e.g. `call_review_v1`."""
    table: str
    """The output table."""
    model: str
    thinking_level: str
    max_output_tokens: int
    """Output limit of a request."""
    output_cap: int
    """Output limit that no request exceeds, `raised_output_tokens` included."""
    max_transcript_bytes: int
    """Longer transcripts, in UTF-8, are not sent."""
    system: str
    """The system instruction."""
    user: str
    """The user's turn, with {{record}} and {{transcript}}."""
    schema: Mapping[str, Any]
    """The answer's schema, as Vertex AI takes it."""
    columns: Mapping[str, str]
    """Column name to path in the answer, in the order of the table."""
    contract: Contract
    attributes: Attributes = field(default_factory=dict)
    """The call attributes that it uses: column of the source to type."""
    shown: tuple[str, ...] = ()
    """Text that reports may count by its values: a column, or `column.field` of a repeated record."""
    notice_share: float = 0.05
    """A column that was normalised or nulled in a larger share of a batch's rows is reported."""
    redaction: Redaction = field(default_factory=Redaction)
    """What is replaced in a transcript before it is frozen and sent."""
    equivalents: Mapping[str, Any] = field(default_factory=dict)
    """Column to text to the value that the text stands for."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The texts that define it, with every setting written out, so that no default is left open."""
    stored_line: str | None = None
    """The request line of an analysis that was stored with a plan; None: it is built."""

    @cached_property
    def request_line(self) -> str:
        """The request line with placeholders. Raises `ValueError`, naming the file."""
        return self.stored_line or request_line(
            system=self.system,
            user=self.user,
            schema=self.schema,
            thinking_level=self.thinking_level,
        )

    @cached_property
    def template(self) -> Template:
        """The parts of the request line. Raises `ValueError`, naming the file."""
        return Template.of(self.request_line, self.user, self.attributes)

    def prompt_fingerprint(self, model: str) -> str:
        """Hash everything that decides what this model is asked, but for the transcripts."""
        types = [(name, self.attributes[name]) for name in self.template.attributes]
        return _fingerprint(
            self.request_line, model, self.max_output_tokens, self.raised_output_tokens,
            *([types] if types else ()),
        )  # fmt: skip

    @cached_property
    def reader_fingerprint(self) -> str:
        """Hash everything that decides how an answer is read: the rules, and the reader's version."""
        columns = [*self.columns.items()]
        contract = self.contract
        grades = (contract.rules.min_complete, contract.rules.exact_only)
        rules = (self.schema, columns, contract.summary, self.equivalents, self.user, grades)
        return _fingerprint(READER_VERSION, *rules)

    @property
    def line_overhead_bytes(self) -> int:
        """Bytes of a request line with an empty transcript, newline included."""
        return self.template.overhead(self.output_cap)

    @property
    def raised_output_tokens(self) -> int:
        """Output limit after a truncated answer: doubled once, at most `output_cap`."""
        return min(2 * self.max_output_tokens, self.output_cap)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """The part of the schema of each column, in the order of the table."""
        by_path = {leaf.path: leaf for leaf in leaves(self.contract.root)}
        return {name: by_path[path] for name, path in self.columns.items()}

    @cached_property
    def closed_columns(self) -> list[str]:
        """The columns whose values name no person: closed sets, truths and language tags."""
        return [name for name, node in self.nodes.items() if node.names_no_person]

    @cached_property
    def output_columns(self) -> list[Column]:
        """The columns that the answer fills, in the order of the table."""
        return [_column(name, node) for name, node in self.nodes.items()]

    def record_fields(self, column: str) -> list[Column]:
        """Return the fields of a RECORD column; empty for any other column."""
        items = self.nodes[column].items
        properties = items.properties if items else None
        return [_column(name, node) for name, node in (properties or {}).items()]


def _fingerprint(*parts: object) -> str:
    """The first 16 hex digits of SHA-256 over the parts as JSON."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _column(name: str, node: Node) -> Column:
    if node.kind != "array" or node.items is None:
        return Column(name, _TYPES[node.kind], "NULLABLE")
    return Column(name, _TYPES.get(node.items.kind, "RECORD"), "REPEATED")
