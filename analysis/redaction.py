"""Redaction of an analysis: what is replaced in a transcript before it is frozen and sent."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from analysis.redaction_patterns import UnsafePattern, check_pattern, check_replacement
from analysis.redaction_rules import DEFAULT, SHIPPED, Rule
from analysis.strict_json import NotStrict, check_unique

Mode = Literal["on", "off", "report"]
MOST_RULES = 50
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Redaction(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of an analysis, in the order in which they are applied."""

    redact: Mode = "off"
    """`report` redacts as `on` does, and counts what each rule replaced."""
    rules: tuple[Rule, ...] = ()

    @property
    def applied(self) -> tuple[Rule, ...]:
        """The rules that change a text; none where redaction is off."""
        return () if self.redact == "off" else self.rules

    @property
    def is_counted(self) -> bool:
        return self.redact == "report"


class InvalidRedaction(ValueError):
    """The rules cannot be used; `problems` has a sentence for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule as redact.json has it: a shipped one by its name, or one of the user's own."""

    use: str | None = None
    name: str | None = None
    pattern: str | None = None
    replacement: str | None = None


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of redact.json."""

    redact: Mode = "on"
    rules: list[_Rule] | None = None


def read_redaction(text: str) -> Redaction:
    """Read redact.json. Without rules it has the shipped ones that fit every language.

    Raises `InvalidRedaction` with every fault that can be seen.
    """
    file = _decoded(text)
    if file.rules is None:
        return Redaction(redact=file.redact, rules=tuple(SHIPPED[name] for name in DEFAULT))
    problems = [*_problems(file.rules)]
    if not file.rules and file.redact != "off":
        problems = [
            f'redact is {file.redact}, but there is no rule: add one, or write "redact": "off"'
        ]
    if problems:
        raise InvalidRedaction(problems)
    return Redaction(redact=file.redact, rules=tuple(map(_rule, file.rules)))


def stored_redaction(text: str) -> Redaction:
    """Read what `encode_redaction` wrote: a check that is stricter by now ends no run in flight."""
    file = _decoded(text)
    return Redaction(redact=file.redact, rules=tuple(map(_rule, file.rules or ())))


def encode_redaction(redaction: Redaction) -> str:
    """Write the rules with every pattern, so that another version's shipped rules change nothing."""
    rules = [rule._asdict() for rule in redaction.rules]
    return msgspec.json.encode({"redact": redaction.redact, "rules": rules}).decode()


def _decoded(text: str) -> _File:
    try:
        file = msgspec.json.decode(text, type=_File)
        check_unique(text.encode())
    except (msgspec.DecodeError, NotStrict) as error:
        raise InvalidRedaction([f"{error}; correct the file"]) from error
    return file


def _rule(rule: _Rule) -> Rule:
    if rule.use is not None:
        return SHIPPED[rule.use]
    return Rule(rule.name or "", rule.pattern or "", rule.replacement or "")


def _problems(rules: list[_Rule]) -> Iterator[str]:
    if len(rules) > MOST_RULES:
        yield f"it has {len(rules)} rules: use at most {MOST_RULES}"
    names: set[str] = set()
    for number, rule in enumerate(rules, start=1):
        name = rule.use or rule.name or f"number {number}"
        if name in names:
            yield f"rule {name}: it is there twice; remove one, or rename it"
        names.add(name)
        problem = _shape_problem(rule) or _syntax_problem(rule)
        if problem:
            yield f"rule {name}: {problem}"


def _shape_problem(rule: _Rule) -> str | None:
    own = (rule.name, rule.pattern, rule.replacement)
    if rule.use is not None:
        if own != (None, None, None):
            return "it has use and more: give either use, or name, pattern and replacement"
        if rule.use not in SHIPPED:
            return f"there is no shipped rule of this name: use one of {', '.join(SHIPPED)}"
        return None
    if None in own:
        missing = [
            each for each in ("name", "pattern", "replacement") if getattr(rule, each) is None
        ]
        return f"it has no {' and no '.join(missing)}: give name, pattern and replacement, or use"
    if not _NAME.fullmatch(rule.name or ""):
        return "its name must have 1 to 40 of a-z, 0-9 and _, and begin with a letter"
    return None


def _syntax_problem(rule: _Rule) -> str | None:
    if rule.pattern is None or rule.replacement is None:
        return None
    try:
        check_replacement(rule.replacement, check_pattern(rule.pattern))
    except UnsafePattern as problem:
        return str(problem)
    return None
