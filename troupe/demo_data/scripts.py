"""What can be said in a call: phrases and scenes of one language."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal

import msgspec

Outcome = Literal["solved", "escalated", "unresolved"]


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reason to call, with what each side may say to it."""

    name: str
    open: list[str]
    detail: list[tuple[str, str]]
    """Queries of the agent, each with its answer."""
    solved: list[str]
    escalated: list[str]
    unresolved: list[str]
    mood: Literal["calm", "upset", "happy"] = "calm"

    def endings(self, outcome: Outcome) -> list[str]:
        """What the agent says when it ends this way."""
        return {
            "solved": self.solved,
            "escalated": self.escalated,
            "unresolved": self.unresolved,
        }[outcome]


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything of one language."""

    talk: dict[str, list[str]]
    slots: dict[str, list[str]]
    scene: list[Scene]


@cache
def script(language: str) -> Script:
    """The script of a language."""
    text = files("troupe.demo_data").joinpath("scenes", f"{language}.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Script)


@dataclass(frozen=True, slots=True)
class Cast:
    """Chooses the words of one call; a slot keeps its value until the end."""

    script: Script
    chance: Random
    slots: dict[str, str]

    def say(self, name: str) -> str:
        """One of the phrases under this name."""
        return self.fill(self.chance.choice(self.script.talk[name]))

    def choose(self, phrases: list[str]) -> str:
        return self.fill(self.chance.choice(phrases))

    def fill(self, phrase: str) -> str:
        """A capital letter begins what a slot put in front."""
        filled = phrase.format_map(self.slots)
        return filled[:1].upper() + filled[1:] if phrase.startswith("{") else filled


def cast(language: str, chance: Random) -> Cast:
    """A new call in this language."""
    chosen = script(language)
    slots = {name: chance.choice(values) for name, values in chosen.slots.items()}
    return Cast(chosen, chance, slots)
