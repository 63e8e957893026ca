"""Print the first deployment of docs/deploy.md for one project, each command with its values.

    python -m scripts.deploy_plan --project my-troupe-prod --region europe-west4 [--billing ID]

Nothing is executed. The commands are read from the document, so that the two cannot differ.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "deploy.md"
PATH = "First deployment"
"""The section that is the path."""
NO_BUDGET = ('-e "s/000000-000000-000000/$BILLING/"', "-e /^billing_account/d")
"""What replaces the billing account of the tfvars where none is given."""
_STEP = re.compile(r"^(\d+)\. (.*?)(?=^\d+\. |^#|\Z)", re.M | re.S)
_BLOCK = re.compile(r"^([^\n]*)\n+(?: *<!--[^\n]*-->\n)? *```sh\n(.*?)^ *```", re.M | re.S)
_PATTERNS = {
    "project": (r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "6 to 30 lower-case letters, digits and hyphens"),
    "region": (r"[a-z]+-[a-z]+\d+", "a region, such as europe-west4"),
    "billing": (r"[0-9A-F]{6}(-[0-9A-F]{6}){2}", "an account, such as 01AB23-45CD67-89EF01"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """One shell block, and the line of text before it."""

    lead: str
    commands: tuple[str, ...]
    """A loop is one command."""


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step of a section."""

    number: int
    title: str
    """Its first line."""
    blocks: tuple[Block, ...]
    """The first one is the step; the others are for a case, which their leads name."""


def steps(text: str, section: str) -> list[Step]:
    """Return the steps of a section in their order."""
    return [
        Step(int(number), inner.partition("\n")[0], tuple(blocks(inner)))
        for number, inner in _STEP.findall(body_of(text, section))
    ]


def body_of(text: str, section: str) -> str:
    """Return what stands below a heading."""
    return text.partition(f"## {section}\n")[2].partition("\n## ")[0]


def blocks(text: str) -> Iterator[Block]:
    """Yield the shell blocks of a text."""
    for lead, body in _BLOCK.findall(text):
        yield Block(lead.strip(), tuple(_commands(body)))


def _commands(body: str) -> Iterator[str]:
    held: list[str] = []
    for line in body.splitlines():
        held.append(line.strip())
        if held[0].startswith("for ") and held[-1] != "done":
            continue
        yield "\n".join(held)
        held = []


def filled(command: str, values: dict[str, str]) -> str:
    """Put the values in; one that only a command gives stays, such as `$IMAGE`."""
    if command.startswith("export PROJECT="):
        return "export " + " ".join(f"{name}={value}" for name, value in values.items() if value)
    if not values["BILLING"]:
        command = command.replace(*NO_BUDGET)
    for name, value in values.items():
        command = re.sub(rf"\${name}\b", value, command)
    return command


def plan(values: dict[str, str]) -> Iterator[str]:
    """Yield the lines of the path: titles and what is for a case as comments, and the commands."""
    for step in steps(PAGE.read_text(encoding="utf-8"), PATH):
        yield f"\n# {step.number}. {step.title}"
        for number, block in enumerate(step.blocks):
            if number:
                yield f"#    {block.lead}"
            yield from (
                f"{'#      ' * bool(number)}{filled(each, values)}" for each in block.commands
            )


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.deploy_plan")
    for name, (_, meaning) in _PATTERNS.items():
        parser.add_argument(f"--{name}", default="", help=meaning)
    given = vars(parser.parse_args(words))
    for name, (pattern, meaning) in _PATTERNS.items():
        if not re.fullmatch(pattern, given[name]) and (given[name] or name != "billing"):
            parser.error(f"--{name} is {given[name]!r}: give {meaning}")
    lines = ["# Nothing was executed. Copy the commands one by one; docs/deploy.md explains them."]
    lines += plan({name.upper(): value for name, value in given.items()})
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
