"""Analyses that a user added to a state folder, with a copy of each under `analyses/`."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from analysis import (
    ANALYSIS_FILES,
    Analyses,
    Analysis,
    AnalysisError,
    PreflightError,
    check_template,
    load_analysis,
)
from analysis.analysis_files import REDACT_FILE
from troupe.analysis_folders import load_folders, read_folder
from troupe.backends.defaults import output_tables
from troupe.operations.backend import InvalidOperation
from troupe.redactor import broad_rules, refused_rules

from .state_folder import InvalidHome

_LOCAL_TABLES = re.compile(r"local_(jobs|staging)|[a-z]+_staging_\d+")
"""Tables of the local backend, which no analysis may write to."""


class AddedAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis that was added to a state folder."""

    name: str
    table: str
    """The output table."""
    has_new_rules: bool = False
    """It was added before, and its redaction rules are replaced now."""


def own_analyses(home: Path) -> Analyses:
    """Return the shipped analyses and those added to this state folder. Raises `InvalidHome`."""
    added = home / "analyses"
    try:
        known = load_folders([added] if added.is_dir() and any(added.iterdir()) else [])
        output_tables(known.own)
    except AnalysisError as problem:
        raise InvalidHome(
            f"an analysis in {added} cannot be used any more: {problem}; "
            "restore its files, or move its folder elsewhere"
        ) from problem
    return known


def examine(home: Path, folder: Path) -> Analysis:
    """Check that the analysis of a folder can be added here, and return it.

    Raises `AnalysisError` and `PreflightError` when it cannot, and `InvalidHome`.
    """
    return _examined(home, folder.name, read_folder(folder))


def keep(home: Path, analyses: Analyses, folder: Path) -> AddedAnalysis:
    """Add the analysis of a folder: store a copy of its files, and add it to `analyses`.

    Other redaction rules replace those of an analysis that was added before: they change nothing that
    was analysed. Raises `InvalidOperation` for an analysis that is not valid, and for one that was
    added before under this name with other files.
    """
    kept = home / "analyses" / folder.name
    try:
        files = read_folder(folder)
        added = _examined(home, folder.name, files)
        if not kept.is_dir():
            _write(files, kept, home / "analysis.part")
            analyses.add(folder.name, files)
            return AddedAnalysis(name=added.name, table=added.table)
        has_new_rules = files.get(REDACT_FILE) != read_folder(kept).get(REDACT_FILE)
        if has_new_rules:
            part = home / "redact.part"
            part.write_bytes(files[REDACT_FILE].encode("utf-8"))
            part.replace(kept / REDACT_FILE)
            analyses.replace(folder.name, files)
    except (AnalysisError, PreflightError) as problem:
        raise InvalidOperation(str(problem)) from problem
    return AddedAnalysis(name=added.name, table=added.table, has_new_rules=has_new_rules)


def _examined(home: Path, name: str, files: Mapping[str, str]) -> Analysis:
    added = load_analysis(name, files)
    check_template(added)
    if rules := added.redaction.rules:
        for problem in refused_rules(rules) or broad_rules(rules):
            raise AnalysisError(f"{name}/{REDACT_FILE}: {problem}")
    output_tables([added])
    if _LOCAL_TABLES.fullmatch(added.table):
        raise AnalysisError(
            f"{added.name}: the table {added.table} belongs to the local backend; rename it"
        )
    kept, known = home / "analyses" / name, own_analyses(home)
    if kept.is_dir():
        _check_same(name, files, read_folder(kept))
    else:
        known.add(name, files)
    return added


def _write(files: Mapping[str, str], kept: Path, aside: Path) -> None:
    """Write all files beside their place first, so that a crash leaves no half of an analysis."""
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    kept.parent.mkdir(exist_ok=True)
    for name, text in files.items():
        (aside / name).write_bytes(text.encode("utf-8"))
    aside.replace(kept)


def _check_same(name: str, files: Mapping[str, str], kept: Mapping[str, str]) -> None:
    for file in ANALYSIS_FILES:
        if files[file] != kept[file]:
            raise AnalysisError(
                f"{name}/{file} differs from the file that was added under this name; "
                "a change is a new version: name the folder _v2, or the next number"
            )
    if REDACT_FILE in kept and REDACT_FILE not in files:
        raise AnalysisError(
            f"{name}/{REDACT_FILE} is missing, and the analysis that was added has one: "
            'to switch redaction off, write {"redact": "off"}'
        )
