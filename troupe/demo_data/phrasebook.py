"""The phrases of one language, and a writer that chooses and fills them for one call."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal

import msgspec

Outcome = Literal["solved", "escalated", "unresolved"]


class CallReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reason to call, with the phrases of both sides about it."""

    name: str
    open: list[str]
    detail: list[tuple[str, str]]
    """The agent's questions, each with the customer's answer."""
    solved: list[str]
    escalated: list[str]
    unresolved: list[str]
    mood: Literal["calm", "upset", "happy"] = "calm"

    def endings(self, outcome: Outcome) -> list[str]:
        """The agent's last phrases about the reason, for this outcome."""
        return {
            "solved": self.solved,
            "escalated": self.escalated,
            "unresolved": self.unresolved,
        }[outcome]


class Phrasebook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All phrases of one language."""

    phrases: dict[str, list[str]]
    slots: dict[str, list[str]]
    reason: list[CallReason]


@cache
def phrasebook(language: str) -> Phrasebook:
    text = files("troupe.demo_data").joinpath("phrases", f"{language}.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Phrasebook)


@dataclass(frozen=True, slots=True)
class Writer:
    """Chooses the phrases of one call; a slot keeps its value for the whole call."""

    book: Phrasebook
    rng: Random
    slots: dict[str, str]

    def phrase(self, name: str) -> str:
        """One of the phrases of this name, filled."""
        return self.fill(self.rng.choice(self.book.phrases[name]))

    def choose(self, phrases: list[str]) -> str:
        return self.fill(self.rng.choice(phrases))

    def fill(self, phrase: str) -> str:
        """Fill the slots of a phrase; a slot at its start gets a capital letter."""
        filled = phrase.format_map(self.slots)
        return filled[:1].upper() + filled[1:] if phrase.startswith("{") else filled


def new_writer(language: str, rng: Random) -> Writer:
    """A writer for a new call in this language, with a value for each slot."""
    book = phrasebook(language)
    slots = {name: rng.choice(values) for name, values in book.slots.items()}
    return Writer(book, rng, slots)
