"""Names of models: whether it was one that answered."""

STAND_IN = "stand-in"
"""The model of answers that no model gave: rows, closings and results show it."""


def is_simulated(answered_by: str | None) -> bool:
    """Whether the stand-in gave some of the answers; `answered_by` are names joined by commas."""
    return STAND_IN in names_of(answered_by)


def names_of(answered_by: str | None) -> list[str]:
    """The models that answered, each once."""
    found = (each.strip() for each in (answered_by or "").split(","))
    return list(dict.fromkeys(each for each in found if each))
