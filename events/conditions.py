"""What a request says about call attributes and labels: typed values, never SQL."""

from typing import Annotated

import msgspec

from .ids import END

ATTRIBUTE = rf"^[A-Za-z][A-Za-z0-9_]{{0,62}}{END}"
OUR_LABELS = ("troupe", "attempt", "claim")
"""Keys of the labels that every job has."""
LABEL_KEY = rf"^(?!(?:{'|'.join(OUR_LABELS)}){END}|goog)[a-z][a-z0-9_-]{{0,62}}{END}"
LABEL_VALUE = rf"^[a-z0-9_-]{{1,63}}{END}"
MOST_LABELS = 64 - len(OUR_LABELS)
"""A resource of Google Cloud has at most 64 labels."""
MOST_CONDITIONS = 20
MOST_VALUES = 100

ConditionValue = Annotated[str, msgspec.Meta(max_length=1_000)] | int | float | bool
"""A value in the attribute's type; a time is text, such as `2026-01-31T00:00:00Z`."""
Labels = Annotated[
    dict[
        Annotated[str, msgspec.Meta(pattern=LABEL_KEY)],
        Annotated[str, msgspec.Meta(pattern=LABEL_VALUE)],
    ],
    msgspec.Meta(max_length=MOST_LABELS),
]


class Condition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True,
    rename={"from_": "from"},
):  # fmt: skip
    """A condition on one call attribute. A call without a value of it does not fit."""

    attribute: Annotated[str, msgspec.Meta(pattern=ATTRIBUTE)]
    """An attribute that the analysis names."""
    one_of: Annotated[list[ConditionValue], msgspec.Meta(max_length=MOST_VALUES)] = []
    """Its value is one of these."""
    from_: ConditionValue | None = None
    """Its value is at least this; of a number or a time."""
    below: ConditionValue | None = None
    """Its value is less than this; of a number or a time."""

    def __post_init__(self) -> None:
        if not self.one_of and self.from_ is None and self.below is None:
            raise ValueError(f"attributes: {self.attribute} needs one_of, from or below")


Conditions = Annotated[list[Condition], msgspec.Meta(max_length=MOST_CONDITIONS)]

EXPECTED: dict[str, str] = {
    ATTRIBUTE: "an attribute of 1 to 63 letters, digits and _, starting with a letter",
    LABEL_KEY: (
        "a label key of 1 to 63 characters of a-z, 0-9, _ and -, starting with a letter, not with "
        f"goog, and none of {', '.join(OUR_LABELS)}"
    ),
    LABEL_VALUE: "a label value of 1 to 63 characters of a-z, 0-9, _ and -",
}
"""What each pattern allows, as an error message puts it."""
