"""A mutant: one small fault in the product that some test must notice."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPO = Path(__file__).parents[2]

_SOURCES = (".py", ".sql")


class MisplacedMutant(Exception):
    """The text of a mutant does not occur exactly once; the message names the mutant and its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One fault: in one place a text is replaced by another, and these tests must fail."""

    name: str
    """What the product does with the fault."""
    where: str
    """A file, or a folder of sources: code may move below it."""
    old: str
    """Occurs exactly once there."""
    new: str
    tests: tuple[str, ...] = ()
    """Files or node ids, the fastest that fit first."""
    equivalent: str = ""
    """Why no test can notice it; empty for every other mutant."""

    def file(self, repo: Path = REPO) -> Path:
        """Return the file that holds the old text. Raises `MisplacedMutant`."""
        counts = {file: _text(file).count(self.old) for file in _sources(repo / self.where)}
        if sum(counts.values()) != 1:
            found = ", ".join(f"{f.relative_to(repo)} ({n})" for f, n in counts.items() if n)
            raise MisplacedMutant(
                f"{self.name}: the old text must occur once below {self.where}; "
                f"it occurs in: {found or 'no file'}"
            )
        return max(counts, key=lambda file: counts[file])

    def text(self, file: Path) -> str:
        """Return the text of the file with the fault."""
        return _text(file).replace(self.old, self.new)


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def _sources(place: Path) -> tuple[Path, ...]:
    if place.is_file():
        return (place,)
    return tuple(sorted(f for f in place.rglob("*") if f.suffix in _SOURCES))
