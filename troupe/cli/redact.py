"""The command `redact`: what redaction rules would replace in files of transcripts."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from analysis import Analysis, AnalysisError, Redaction, Rule
from analysis.redaction import InvalidRedaction, read_redaction
from troupe import redactor
from troupe.analysis_folders import load_folder
from troupe.backends.local.analysis_store import own_analyses
from troupe.backends.local.load import NamedFile, named_files, read_options
from troupe.backends.local.state_folder import InvalidHome
from troupe.exit_codes import ExitCode
from troupe.redactor import RedactedText, refused_rules
from troupe.report.formatting import count, plural
from troupe.transcript_files.errors import BadFile, BadOption
from troupe.transcript_files.find import find_files
from troupe.transcript_files.reader import ReadOptions, TranscriptFile

from .load import standard_input
from .options import AsJson, FileFormat, Mapped, Timezone
from .output import fail, print_json, print_lines, read_text
from .target import target

MOST_VALUES = 20
"""Different values of a rule that are shown."""


class RuleMatches(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule replaces."""

    rule: str
    replacements: int
    records: int
    """Records in which it replaces something."""
    values: dict[str, int] | None
    """With --show the most frequent values, with their counts; they are personal data."""


class RedactPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What rules would replace in files; nothing was changed or stored."""

    records: int
    changed: int
    """Records in which some rule replaces something."""
    rules: list[RuleMatches]
    texts: list[str]
    """The first changed texts, redacted."""


def redact(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Files of transcripts, patterns in quotes, folders, or - for standard input, as "
            "`troupe load` takes them."
        ),
    ],
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A redact.json. Without it and --analysis: the default rules."
        ),
    ] = None,
    analysis: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Analysis whose rules are used: its name or its folder."),
    ] = None,
    show: Annotated[
        bool,
        typer.Option(
            "--show", help="Show the values that each rule finds. They are personal data."
        ),
    ] = False,
    texts: Annotated[
        int, typer.Option(min=0, help="Maximum number of redacted texts that are shown.")
    ] = 5,
    mapped: Mapped = None,
    timezone: Timezone = "",
    format_: FileFormat = "",
    as_json: AsJson = False,
) -> None:
    """Show what redaction rules would replace in files of transcripts; change and store nothing.

    The rules are applied as a run applies them before it freezes and sends a transcript. With `off`
    in the file they are shown all the same.

    Examples:
        troupe redact calls.jsonl
        troupe redact calls.jsonl --rules redact.json --show
        troupe redact exports/ --analysis my_review_v1 --json
    """
    redaction = _redaction(rules, analysis)
    try:
        found, left_out = find_files(files)
        options = read_options(mapped or (), timezone, format_)
        with standard_input(found) as stdin:
            preview = _preview(
                named_files(found, stdin), options, redaction.rules, most=texts, show=show
            )
    except (BadFile, BadOption) as error:
        fail(str(error).removesuffix("; nothing was loaded"))
    if as_json:
        print_json(preview)
        return
    for file in left_out:
        typer.echo(f"left out {file}: its name is not that of a file of transcripts", err=True)
    print_lines([*_lines(preview), *_off(redaction)])


def _redaction(rules: Path | None, analysis: str | None) -> Redaction:
    """Return the rules that the options name; end the command if they cannot be used."""
    if rules is not None and analysis is not None:
        fail("invalid --rules: --analysis names rules already; give one of the two")
    redaction = _of_analysis(analysis) if analysis is not None else _of_file(rules)
    problems = refused_rules(redaction.rules)
    if problems:
        fail(
            "\n".join([f"{len(problems)} to correct in {rules or analysis}", *problems]),
            ExitCode.FAILED,
        )
    return redaction


def _of_file(file: Path | None) -> Redaction:
    text = "{}"
    if file is not None:
        text = read_text("--rules", file, "name a file such as redact.json")
    try:
        return read_redaction(text)
    except InvalidRedaction as error:
        fail(
            "\n".join([f"{len(error.problems)} to correct in {file}", *error.problems]),
            ExitCode.FAILED,
        )


def _of_analysis(name: str) -> Redaction:
    folder = Path(name)
    try:
        found = load_folder(folder.resolve()) if folder.is_dir() else _known(name)
    except AnalysisError as error:
        fail(f"invalid --analysis {name}: {error}")
    if not found.redaction.rules:
        fail(f"invalid --analysis {name}: it has no redact.json; name a file with --rules")
    return found.redaction


def _known(name: str) -> Analysis:
    try:
        return own_analyses(target().home).load(name)
    except InvalidHome as error:
        fail(str(error), ExitCode.FAILED)


def _preview(
    files: list[NamedFile], options: ReadOptions, rules: tuple[Rule, ...], *, most: int, show: bool
) -> RedactPreview:
    records, changed = 0, 0
    shown: list[str] = []
    values: list[Counter[str]] = [Counter() for _ in rules]
    hits = [0] * len(rules)
    in_records = [0] * len(rules)
    for each in _redacted(files, options, rules):
        records += 1
        if not any(each.found):
            continue
        changed += 1
        if len(shown) < most:
            shown.append(each.text)
        for at, found in enumerate(each.found):
            hits[at] += len(found)
            in_records[at] += bool(found)
            if show:
                values[at].update(value.strip() for value in found)
    return RedactPreview(
        records=records,
        changed=changed,
        rules=[
            RuleMatches(
                rule=rule.name,
                replacements=hits[at],
                records=in_records[at],
                values=dict(values[at].most_common(MOST_VALUES)) if show else None,
            )
            for at, rule in enumerate(rules)
        ],
        texts=shown,
    )


def _redacted(
    files: list[NamedFile], options: ReadOptions, rules: tuple[Rule, ...]
) -> Iterator[RedactedText]:
    return redactor.redact(
        (
            row["transcript"] or ""
            for each in files
            for row in TranscriptFile(each.path, each.name, options).rows()
        ),
        rules,
    )


def _lines(preview: RedactPreview) -> list[str]:
    lines = []
    for number, text in enumerate(preview.texts, start=1):
        lines += [f"--- {number} of {count(preview.changed)} that change", text]
    lines.append(f"{count(preview.changed)} of {plural(preview.records, 'record')} would change")
    for rule in preview.rules:
        lines.append(
            f"  {rule.rule:<24} {count(rule.replacements):>9} in {plural(rule.records, 'record')}"
        )
        lines += [
            f"    {times:>7,}  {' '.join(value.splitlines())}"
            for value, times in (rule.values or {}).items()
        ]
    return lines


def _off(redaction: Redaction) -> list[str]:
    if redaction.redact != "off":
        return []
    return ["redaction is off in this file: a run would send the transcripts as they are"]
