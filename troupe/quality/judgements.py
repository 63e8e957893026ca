"""What a reviewer says of one value, as a form has it, and the label that it stands for; pure."""

import json
from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

from analysis.strict_json import NotStrict, parse

from .label_values import NOT, LabelColumn, WrongValue, is_rejection
from .review_columns import ReviewColumn

How = Literal["right", "wrong", "corrected"]
HOWS: tuple[How, ...] = get_args(How)
LONGEST = 20_000
"""Characters of a correction."""


class Judgement(msgspec.Struct, frozen=True):
    """A choice of a reviewer, with what was typed or chosen as the right value."""

    how: How
    text: str = ""


class Choice(msgspec.Struct, frozen=True):
    """A value of a closed column that may be chosen as a correction."""

    json: str
    shown: str


def label_of(column: LabelColumn, value: Any, judgement: Judgement) -> Any:
    """Return the label that a judgement of this value stands for. Raises `WrongValue`."""
    if judgement.how == "right":
        return column.read(value, is_text=False)[0]
    if judgement.how == "wrong":
        return column.read({NOT: value}, is_text=False)[0]
    if len(judgement.text) > LONGEST:
        raise WrongValue(f"a correction has at most {LONGEST:,} characters")
    label = column.read(_typed(column, judgement.text), is_text=False)[0]
    if label == value or judgement.text == typed(value):
        raise WrongValue("this is the value that is shown: change it, or choose Right")
    return label


def can_be(column: LabelColumn, value: Any, how: How) -> bool:
    """Whether a value may be judged so: one that the schema does not have cannot be right."""
    try:
        label_of(column, value, Judgement(how))
    except WrongValue:
        return False
    return True


def judgement_of(column: LabelColumn, value: Any, label: Any) -> Judgement:
    """Return the judgement that a saved label of this value stands for."""
    if is_rejection(label):
        return Judgement("wrong")
    if can_be(column, value, "right") and label == label_of(column, value, Judgement("right")):
        return Judgement("right")
    return Judgement("corrected", to_json(label) if column.node.is_closed else typed(label))


def choices_of(column: ReviewColumn, value: Any) -> list[Choice] | None:
    """Return the other values of a closed column; None for every other column."""
    kind = str(column.schema["type"]).lower()
    allowed = column.schema.get("enum") if kind == "string" else None
    allowed = [True, False] if kind == "boolean" else allowed
    if allowed is None:
        return None
    others = [*allowed, *([None] if column.nullable else [])]
    return [Choice(to_json(each), shown(each)) for each in others if each != value]


def shown(value: Any) -> str:
    """Return a value of an answer as a person reads it: lists one entry a line."""
    if value is None or value == []:
        return "none"
    if isinstance(value, list):
        return "\n".join(map(shown, value))
    if isinstance(value, Mapping):
        return "; ".join(
            f"{name}: {shown(part)}" for name, part in value.items() if part is not None
        )
    if isinstance(value, str):
        return value if value.strip() else "(blank)"
    return to_json(value)


def typed(value: Any) -> str:
    """Return a value as it would be typed: what a correction begins with."""
    if value is None or value == []:
        return ""
    if isinstance(value, str):
        return value
    is_lines = isinstance(value, list) and all(
        isinstance(each, str) and "\n" not in each for each in value
    )
    if is_lines and not value[0].lstrip().startswith("["):
        return "\n".join(value)
    return to_json(value)


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _typed(column: LabelColumn, text: str) -> Any:
    """Return the value that a text stands for. Raises `WrongValue`."""
    text = text.replace("\r\n", "\n").strip()
    if column.node.is_closed:
        if not text:
            raise WrongValue("choose the right value")
        return _parsed(text, "choose one of the values")
    if not text:
        if column.node.kind != "array" and not column.nullable:
            raise WrongValue("the schema requires a value: write one")
        return None
    if column.node.kind == "string":
        return text
    if column.node.kind == "array" and not text.startswith("["):
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        if column.node.items is not None and column.node.items.kind == "string":
            return lines
        return [_parsed(line, _LINES) for line in lines]
    return _parsed(text, _LINES if column.node.kind == "array" else "use a number")


_LINES = "write one entry a line, or a JSON list"


def _parsed(text: str, remedy: str) -> Any:
    try:
        return parse(text)
    except NotStrict as error:
        raise WrongValue(remedy) from error
