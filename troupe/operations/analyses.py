"""The analyses that runs can use: what they ask and store, their versions, and how right they were."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from analysis import Analysis
from handlers.summary.attribute_groups import grouped_attributes
from troupe.quality.accuracy import GoldenAccuracy

from .backend import Backend
from .installed import installed_analysis
from .quality.golden_accuracy import history_of_versions
from .runs import first_day

_VERSION = re.compile(r"(.+)_v([0-9]+)")


class PromptOfRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The runs that asked the same: one prompt and one model. A row of `queries/runs/prompts_of_runs.sql`."""

    analysis: str
    prompt_fingerprint: str
    model: str
    runs: int
    records: int
    """Planned records of these runs."""
    first_planned_at: datetime
    last_planned_at: datetime


class InstalledAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis that a run can use."""

    name: str
    table: str
    model: str
    prompt_fingerprint: str
    """Hash of what the model is asked."""
    columns: int
    attributes: list[str]
    grouped: list[str]
    """Call attributes by whose values reports may group."""
    runs: int
    records: int
    last_planned_at: datetime | None


class InstalledAnalyses(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `list_analyses`."""

    analyses: list[InstalledAnalysis]
    removed: list[str]
    """Analyses of runs that are not installed any more."""


class AnalysisColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the output table that the answer fills."""

    name: str
    path: str
    """Where it stands in the answer."""
    type: str
    mode: str
    shown: bool
    """Whether reports may count its texts."""


class AnalysisDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `show_analysis`."""

    name: str
    table: str
    model: str
    prompt_fingerprint: str
    reader_fingerprint: str
    """Hash of how an answer is read."""
    max_output_tokens: int
    files: dict[str, str]
    """The texts that define it: prompt, schema, settings and redaction rules."""
    columns: list[AnalysisColumn]
    attributes: dict[str, str]
    """Call attributes with their types."""
    prompt_attributes: list[str]
    """Those that are part of the prompt."""
    redaction_rules: list[str]
    versions: list[str]
    """Installed versions of the same analysis, the newest first."""
    prompts: list[PromptOfRuns]
    """What runs of any of these versions asked, the newest first."""
    accuracy: list[GoldenAccuracy]
    """By golden set: how right each version was."""


def list_analyses(backend: Backend) -> InstalledAnalyses:
    """List the installed analyses, with the runs of the last year."""
    known, prompts = backend.dependencies.analyses, _prompts(backend)
    installed = [_installed(known.load(name), prompts) for name in known.names]
    names = {each.name for each in installed}
    return InstalledAnalyses(
        analyses=installed, removed=sorted({each.analysis for each in prompts} - names)
    )


def show_analysis(backend: Backend, name: str) -> AnalysisDetails:
    """Return what an analysis asks and stores, and its versions. Raises `InvalidOperation`."""
    found = installed_analysis(backend, name)
    versions = _versions(backend, name)
    names = {each.name for each in versions}
    return AnalysisDetails(
        name=found.name,
        table=found.table,
        model=found.model,
        prompt_fingerprint=found.prompt_fingerprint(found.model),
        reader_fingerprint=found.reader_fingerprint,
        max_output_tokens=found.max_output_tokens,
        files=dict(found.files),
        columns=_columns(found),
        attributes=dict(found.attributes),
        prompt_attributes=list(found.template.attributes),
        redaction_rules=[rule.name for rule in found.redaction.rules],
        versions=[each.name for each in versions],
        prompts=[each for each in _prompts(backend) if each.analysis in names],
        accuracy=history_of_versions(backend, versions),
    )


def _prompts(backend: Backend) -> list[PromptOfRuns]:
    since = first_day(backend) - timedelta(days=365)
    found = backend.dependencies.tracking.rows("prompts_of_runs", PromptOfRuns, {"since": since})
    return sorted(found, key=lambda each: each.last_planned_at, reverse=True)


def _installed(analysis: Analysis, prompts: Sequence[PromptOfRuns]) -> InstalledAnalysis:
    mine = [each for each in prompts if each.analysis == analysis.name]
    return InstalledAnalysis(
        name=analysis.name,
        table=analysis.table,
        model=analysis.model,
        prompt_fingerprint=analysis.prompt_fingerprint(analysis.model),
        columns=len(analysis.columns),
        attributes=[*analysis.attributes],
        grouped=grouped_attributes(analysis),
        runs=sum(each.runs for each in mine),
        records=sum(each.records for each in mine),
        last_planned_at=max((each.last_planned_at for each in mine), default=None),
    )


def _versions(backend: Backend, name: str) -> list[Analysis]:
    """Load all installed versions of the same analysis: their names differ in the number alone."""
    known = backend.dependencies.analyses
    family, _ = _split(name)
    found = [each for each in known.names if _split(each)[0] == family]
    return [known.load(each) for each in sorted(found, key=_split, reverse=True)]


def _split(name: str) -> tuple[str, int]:
    match = _VERSION.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, 0)


def _columns(analysis: Analysis) -> list[AnalysisColumn]:
    owners = {shown.partition(".")[0] for shown in analysis.shown}
    return [
        AnalysisColumn(
            name=name, path=analysis.columns[name], type=kind, mode=mode, shown=name in owners
        )
        for name, kind, mode in analysis.output_columns
    ]
