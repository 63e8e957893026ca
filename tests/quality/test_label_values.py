"""How answers are judged by labels."""

from typing import Any

import pytest

from analysis import load_analysis
from tests.files import files_in
from tests.imports import REPO
from troupe.quality.label_values import LabelColumn, label_columns

REVIEW = label_columns(load_analysis("call_review_v1"))
CHECK = label_columns(
    load_analysis(
        "compliance_check_v1",
        {
            file.name: file.read_text(encoding="utf-8")
            for file in files_in(REPO / "docs/examples/compliance_check_v1", "*")
        },
    )
)


@pytest.mark.parametrize(
    ("column", "label", "answer", "judgement"),
    [
        (REVIEW["call_tone"], "calm", "calm", True),
        (REVIEW["call_tone"], "calm", "angry", False),
        (REVIEW["call_tone"], "calm", None, False),
        (REVIEW["call_tone"], None, None, True),
        (REVIEW["call_tone"], None, "calm", False),
        (REVIEW["call_tone"], {"not": "calm"}, "calm", False),
        (REVIEW["call_tone"], {"not": "calm"}, "angry", None),
        (REVIEW["call_tone"], {"not": None}, None, False),
        (REVIEW["call_tone"], {"not": None}, "calm", None),
        (REVIEW["call_tone"], {"other_than": "calm"}, "calm", False),
        (REVIEW["call_tone"], {"other_than": "calm"}, "angry", True),
        (REVIEW["call_tone"], {"other_than": "calm"}, None, None),
        (REVIEW["agent_response_resolved"], {"other_than": True}, False, True),
        (REVIEW["agent_response_resolved"], True, True, True),
        (REVIEW["agent_response_resolved"], False, None, False),
        (REVIEW["language_code"], "en", "de", False),
        (REVIEW["call_summary"], "A text.", "A text.", True),
        (REVIEW["call_summary"], "A text.", "Another text.", None),
        (REVIEW["call_summary"], {"not": "A text."}, "A text.", False),
        (REVIEW["call_summary"], {"not": "A text."}, "Another text.", None),
        (REVIEW["agent_response_summary"], "A text.", None, False),
        (REVIEW["agent_response_summary"], None, "A text.", False),
        (REVIEW["products"], [], [], True),
        (REVIEW["products"], [], [{"name": "router", "context": None}], False),
        (
            REVIEW["products"],
            [{"name": "Router", "context": None}, {"name": "line", "context": None}],
            [{"name": "line", "context": "said so"}, {"name": "router", "context": None}],
            True,
        ),
        (REVIEW["products"], [{"name": "line"}], [{"name": "router"}], False),
        (CHECK["score"], 7, 7, True),
        (CHECK["score"], 1, True, False),
        (CHECK["findings"], [{"rule": "a"}], [{"rule": "b"}], None),
        (CHECK["findings"], [{"rule": "a"}], [], False),
    ],
)
def test_an_answer_is_right_wrong_or_not_told_by_its_label(
    column: LabelColumn, label: Any, answer: Any, judgement: bool | None
) -> None:
    assert column.judge(label, answer) is judgement
