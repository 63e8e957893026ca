"""The accuracy of a run by golden sets, and that of the versions before it."""

from collections.abc import Iterator, Sequence

from analysis import Analysis
from tracking import Plan
from tracking.golden_sets import GoldenOfRun
from troupe.operations.backend import Backend
from troupe.operations.runs import analysis_of
from troupe.quality.accuracy import GoldenAccuracy, accuracy_history, accuracy_of
from troupe.quality.label_values import label_columns

from .golden_sets import newest


def golden_accuracy(backend: Backend, plan: Plan) -> list[GoldenAccuracy]:
    """Judge the rows of a run, and of other versions, by each set that has labels of the run's records.

    Without such a set it costs one query of a small table.
    """
    if plan.dry_run or not plan.records:
        return []
    golden_sets = backend.dependencies.tracking.golden_sets
    own = analysis_of(plan)
    sets = golden_sets.of_run(plan.run_id, plan.planned_on, own.table)
    labelled = {column for each in sets for column in each.label_columns.split(",")}
    analyses = {each.name: each for each in _with_columns(backend, own, labelled)}
    if not sets or own.name not in analyses:
        return []
    tables = {
        each.table: [column for column in each.columns if column in labelled]
        for each in analyses.values()
    }
    rows = golden_sets.answers([each.golden for each in sets], plan.run_id, tables)
    columns = {name: label_columns(each) for name, each in analyses.items()}
    return accuracy_of(sets, [row for row in rows if row.analysis in columns], columns)


def history_of_versions(backend: Backend, versions: Sequence[Analysis]) -> list[GoldenAccuracy]:
    """Judge all rows of these versions of an analysis by the newest version of each golden set.

    Without a set that labels one of their columns it costs one query of a small table.
    """
    golden_sets = backend.dependencies.tracking.golden_sets
    known = {column for each in versions for column in each.columns}
    sets = [
        GoldenOfRun(
            golden=each.golden, version=each.version, labelled=each.records,
            label_columns=each.label_columns, records=0,
        )
        for each in newest(golden_sets.versions())
        if known & {*each.columns}
    ]  # fmt: skip
    if not sets:
        return []
    labelled = {column for each in sets for column in each.label_columns.split(",")}
    tables = {
        each.table: [column for column in each.columns if column in labelled] for each in versions
    }
    rows = golden_sets.answers([each.golden for each in sets], "", tables)
    columns = {each.name: label_columns(each) for each in versions}
    return accuracy_history(sets, [row for row in rows if row.analysis in columns], columns)


def _with_columns(backend: Backend, own: Analysis, labelled: set[str]) -> Iterator[Analysis]:
    """Yield the analyses that have one of these columns; that of the run as it was planned."""
    installed = backend.dependencies.analyses
    for name in dict.fromkeys([*installed.names, own.name]):
        analysis = own if name == own.name else installed.load(name)
        if labelled & analysis.columns.keys():
            yield analysis
