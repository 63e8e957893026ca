"""Healthy answers as models write them, and what becomes of each; docs/grades.md is their table.

`python -m tests.analysis.variants` writes the page.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.analysis.making import ANSWER, answer

PAGE = Path(__file__).parents[2] / "docs" / "grades.md"


class Variant(NamedTuple):
    """An answer that differs from what the schema says, and is not damaged."""

    what: str
    text: str
    result: str
    """A grade, or the error type of an answer that gives no row."""
    columns: tuple[str, ...] = ()
    """Columns that were normalised, or left null."""


def _within(parent: str, **changed: Any) -> dict[str, Any]:
    inner = {**ANSWER[parent], **changed}
    return answer(**{parent: {name: value for name, value in inner.items() if value is not ...}})


def _of(what: str, fields: object, result: str, *columns: str) -> Variant:
    text = fields if isinstance(fields, str) else json.dumps(fields, ensure_ascii=False)
    return Variant(what, text, result, columns)


_RESOLVED = "agent_response_resolved"
_SENTIMENT = ("call_sentiment_incoming", "call_sentiment_outgoing")
_REASON = (
    "reason_for_call_summary", "reason_for_call_intent", "reason_for_call_inquiry_question",
    "reason_for_call_product", "reason_for_call_product_category",
)  # fmt: skip
_WHOLE = json.dumps(ANSWER)


def _renamed(old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in ANSWER.items()}


VARIANTS: tuple[Variant, ...] = (
    _of("as the schema says", ANSWER, "exact"),
    _of("pretty-printed", json.dumps(ANSWER, indent=2), "exact"),
    _of("in another order", dict(reversed(ANSWER.items())), "exact"),
    _of("with all characters escaped", json.dumps(answer(callSummary="“é” 🦊")), "exact"),
    _of("a nullable value is null", answer(callTone=None), "exact"),
    _of("a nullable object is null", answer(reasonForCall=None), "exact"),
    _of("a nullable list is null", answer(products=None), "exact"),
    _of("an empty list", answer(products=[]), "exact"),
    _of("a property that is not required is absent", _within("reasonForCall", product=...), "exact"),
    _of("the same is null", _within("reasonForCall", product=None), "exact"),
    _of("a property that the schema does not have", answer(mood="fine"), "exact"),
    _of("blanks around a text", answer(callSummary="  A call.  "), "exact"),
    # Spellings of an enum
    _of("an enum in capitals", answer(callTone="FRUSTRATED"), "normalised", "call_tone"),
    _of("an enum in mixed case", answer(callTone="fRustrated"), "normalised", "call_tone"),
    _of("an enum with blanks", answer(callTone=" calm\n"), "normalised", "call_tone"),
    _of("an enum with a full stop", answer(callTone="Calm."), "normalised", "call_tone"),
    *(
        _of(
            f"an enum as `{text}`", _within("reasonForCall", intent=text), "normalised",
            "reason_for_call_intent",
        )
        for text in ("technical support", "Technical-Support", "technicalSupport", "TECHNICAL_SUPPORT")
    ),
    # Truths
    *(
        _of(f"`{json.dumps(value)}` for true", _within("agentResponse", resolved=value), "normalised", _RESOLVED)
        for value in ("true", "TRUE", "Yes", "yes.", "y", "1", 1, 1.0)
    ),
    *(
        _of(f"`{json.dumps(value)}` for false", _within("agentResponse", resolved=value), "normalised", _RESOLVED)
        for value in ("false", "No", "n", 0)
    ),
    # Language tags
    *(
        _of(f"the language as `{text}`", answer(languageCode=text), "normalised", "language_code")
        for text in (
            "ES", "en_US", "en-us", "EN-gb", "zh-hans-cn", "English", "german", "Portuguese", " de ",
        )
    ),
    # Shapes
    _of("one object where a list is wanted", answer(products={"name": "A screen"}), "normalised", "products"),
    _of("a null in a list", answer(products=[None, {"name": "A screen"}]), "normalised", "products"),
    _of("a number where a text is wanted", _within("reasonForCall", product=65), "normalised", "reason_for_call_product"),
    _of("a number in an element", answer(products=[{"name": 65}]), "normalised", "products"),
    _of("an object in a list of one", answer(callSentiment=[ANSWER["callSentiment"]]), "normalised", *_SENTIMENT),
    _of("an object as JSON in a text", answer(callSentiment=json.dumps(ANSWER["callSentiment"])), "normalised", *_SENTIMENT),
    _of("the answer in a list of one", f"[{_WHOLE}]", "normalised", "*"),
    _of("the answer in another object", {"result": ANSWER}, "normalised", "*"),
    _of("the answer as JSON in a text", json.dumps(_WHOLE), "normalised", "*"),
    _of("a name in another case", _renamed("callTone", "CallTone"), "normalised", "call_tone"),
    _of("a name in snake case", _renamed("languageCode", "language_code"), "normalised", "language_code"),
    # What does not fit
    *(
        _of(f"`{json.dumps(value)}` for an enum", answer(callTone=value), "partial", "call_tone")
        for value in ("exuberant", "", "null", "N/A", "none", 7, ["calm"], {"is": "calm"}, True)
    ),
    *(
        _of(f"`{json.dumps(value)}` for a truth", _within("agentResponse", resolved=value), "partial", _RESOLVED)
        for value in ("maybe", "", "N/A", 2)
    ),
    *(
        _of(f"`{text}` for a language tag", answer(languageCode=text), "partial", "language_code")
        for text in ("None", "German and English", "??")
    ),
    _of("a list where a text is wanted", answer(callSentimentSummary=["a", "b"]), "partial", "call_sentiment_summary"),
    _of("a truth where a text is wanted", answer(callSentimentSummary=True), "partial", "call_sentiment_summary"),
    _of("a text where an object is wanted", answer(callSentiment="negative"), "partial", *_SENTIMENT),
    _of("a text where a list of objects is wanted", answer(products="none"), "partial", "products"),
    _of("texts where objects are wanted", answer(products=["A screen"]), "partial", "products"),
    _of("an element without its name", answer(products=[{"context": "x"}]), "partial", "products"),
    _of("a required value is absent", answer(callTone=...), "partial", "call_tone"),
    _of("a required object is absent", answer(reasonForCall=...), "partial", *_REASON),
    _of("a required value of an object is absent", _within("reasonForCall", intent=...), "partial", "reason_for_call_intent"),
    _of("a name that is cut", _renamed("products", "product"), "partial", "products"),
    _of("three values that do not fit", answer(callTone="", languageCode="", products=""), "partial", "call_tone", "language_code", "products"),
    # No row
    *(
        _of(f"`{json.dumps(text)}` for the summary", answer(callSummary=text), "missing_summary")
        for text in ("", " ", "N/A", "null", "string", "None", "-", "…")
    ),
    _of("no summary", answer(callSummary=...), "missing_summary"),
    _of("another type for the summary", answer(callSummary={"text": "A call."}), "schema_mismatch"),
    _of("a summary alone", {"callSummary": "A call."}, "incomplete_answer"),
    _of("less than half of what is required", dict(list(ANSWER.items())[:4]), "incomplete_answer"),
    _of("two answers in a list", f"[{_WHOLE},{_WHOLE}]", "schema_mismatch"),
)  # fmt: skip


def page() -> str:
    """Write the page of the documentation."""
    return "\n".join([_HEAD, *_table(), ""])


_HEAD = """# Grades of answers

A model does not always write what the schema says.
Troupe keeps an answer that is whole, and says in each row how well it fits:

| grade | meaning |
|---|---|
| `exact` | every value is as the schema says |
| `normalised` | a value became its equivalent; `normalised_fields` lists the columns |
| `partial` | a value that does not fit, or is absent though required, is null; `nulled_fields` lists the columns |

What the model wrote for these columns is in `raw_values`, as JSON.
No text is ever edited.

An answer gives no row without a text that the schema requires: one that is required, not nullable, and has no enum.
A placeholder such as `N/A` counts as no text.
Nor does an answer give a row that lacks more than half of the other required properties; `min_complete` in `analysis.json` is that share.

With `"grades": "exact_only"` only exact values are accepted, those that `equivalents` lists, and other spellings of an enum's values.
Every other answer of the table is then an error, `schema_mismatch`.

The grade is about values; `repair_grade` is about how the JSON was read.

The report names each column that was normalised or left null.
Where that is so in more than `notice_share` of the rows of a batch (0.05 unless `analysis.json` says otherwise), and the column has a closed set of values, it adds a line for `equivalents`.

## What becomes of healthy answers

This table is written from the cases of a test, `tests/analysis/variants.py`.
"""


def _table() -> Iterator[str]:
    yield "| the answer | result | columns |"
    yield "|---|---|---|"
    for variant in VARIANTS:
        what = variant.what.replace("|", "\\|").replace("``", "` `")
        columns = ", ".join(f"`{column}`" for column in variant.columns)
        yield f"| {what} | `{variant.result}` | {columns or '–'} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
