"""Analyses of your own on a laptop: a copy of each is kept, so that it stays what it was."""

import re
import shutil
from pathlib import Path

from analysis import (
    Analyses,
    Analysis,
    AnalysisError,
    PreflightError,
    check_template,
    load_analysis,
)
from analysis.definition import FILES
from handlers.attempts.output_columns import output_tables
from troupe.operations.backend import Answer, InvalidOperation

from .errors import InvalidHome

_LOCAL_TABLES = re.compile(r"local_(jobs|staging)|[a-z]+_staging_\d+")


def own_analyses(home: Path) -> Analyses:
    """The shipped ones and those that were added to this state folder. Raises `InvalidHome`."""
    shelf = home / "analyses"
    try:
        known = Analyses([shelf] if shelf.is_dir() and any(shelf.iterdir()) else [])
        output_tables(known.own)
    except AnalysisError as problem:
        raise InvalidHome(
            f"an analysis in {shelf} cannot be used any more: {problem}; "
            "put back what was added, or move its folder out of there"
        ) from problem
    return known


def examine(home: Path, folder: Path) -> Analysis:
    """The analysis of a folder that could be added here.

    Raises `AnalysisError` and `PreflightError` for one that could not, and `InvalidHome`.
    """
    added = load_analysis(folder.name, folder)
    check_template(added)
    output_tables([added])
    if _LOCAL_TABLES.fullmatch(added.table):
        raise AnalysisError(f"{added.name}: the table {added.table} is the laptop's; rename it")
    kept, known = home / "analyses" / folder.name, own_analyses(home)
    if kept.is_dir():
        _check_same(folder, kept)
    else:
        known.add(folder)
    return added


def keep(home: Path, analyses: Analyses, folder: Path) -> Answer:
    """Add an analysis. Raises `InvalidOperation` for a bad one, or for other content of a known name."""
    kept = home / "analyses" / folder.name
    try:
        added = examine(home, folder)
        if not kept.is_dir():
            _copy(folder, kept, home / "analysis.part")
            analyses.add(kept)
    except (AnalysisError, PreflightError) as problem:
        raise InvalidOperation(str(problem)) from problem
    return {"name": added.name, "table": added.table}


def _copy(folder: Path, kept: Path, aside: Path) -> None:
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    kept.parent.mkdir(exist_ok=True)
    for name in FILES:
        shutil.copyfile(folder / name, aside / name)
    aside.replace(kept)


def _check_same(folder: Path, kept: Path) -> None:
    for name in FILES:
        if (folder / name).read_bytes() != (kept / name).read_bytes():
            raise AnalysisError(
                f"{folder.name}/{name} is not what was added before under this name; "
                "a change is a new version: name the folder _v2, or the next number"
            )
