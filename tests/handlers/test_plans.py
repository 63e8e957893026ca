"""The analysis of a plan: made of the plan's own texts."""

import json

import msgspec

from analysis import encode_analysis, load_analysis
from handlers.runs.plans import stored_analysis


def test_the_analysis_of_a_plan_is_made_of_its_own_texts() -> None:
    """Not of those that are installed under its name, nor of another plan's."""
    installed = load_analysis("call_review_v1")
    files = msgspec.json.decode(encode_analysis(installed), type=dict[str, str])
    edited = json.dumps(files | {"system.md": "Another prompt."})

    first, second = (
        stored_analysis("r1", installed.name, text) for text in (encode_analysis(installed), edited)
    )

    assert (installed.system, "Another prompt.") == (first.system, second.system)
