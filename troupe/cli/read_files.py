"""The command `read`: prediction files read without a state folder or a warehouse."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import duckdb
import msgspec
import typer

from analysis import Analysis, AnalysisError, Reader, load_analysis
from troupe.analysis_folders import load_folder

from .cloud_files import BUCKET_ADDRESS, cloud_inputs
from .lookup import BadLookup, Lookup
from .options import AsJson
from .output import fail, print_json, print_lines
from .read_inputs import BadInput, Input, local_inputs, readings_of
from .read_results import Format, Results
from .results import ReadSummary

OUTPUTS = ("errors.ndjson", "summary.json")


def read(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES...",
            help="Prediction files, gzip or not, folders of them, gs:// addresses, or - for standard "
            "input.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FOLDER", help="Folder for rows, errors and summary."),
    ],
    analysis: Annotated[
        str, typer.Option(help="Analysis that was used: its name or its folder.")
    ] = "call_review_v1",
    lookup: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Source rows as JSON Lines: adds their ids, and finds records by the keys of the "
            "earlier system.",
        ),
    ] = None,
    kind: Annotated[
        Format, typer.Option("--format", help="Format of the rows: ndjson, csv or parquet.")
    ] = Format.NDJSON,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 if a line gave no row.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read prediction files without a state folder; write rows, errors.ndjson and summary.json.

    Examples:
        troupe read predictions.jsonl --out read
        troupe read part-*.jsonl.gz --out read --lookup calls.jsonl --strict
        troupe read gs://my-output/job-1/ --out read --format parquet
    """
    try:
        summary = read_files(files, out, analysis, lookup, kind)
    except BadInput as error:
        fail(str(error))
    if as_json:
        print_json(msgspec.convert(summary, ReadSummary))
    else:
        print_lines(_summary_lines(summary))
    raise typer.Exit(1 if strict and summary["errors"] else 0)


def read_files(
    files: list[str],
    out: Path,
    analysis_name: str,
    lookup_file: Path | None = None,
    kind: Format = Format.NDJSON,
) -> dict[str, Any]:
    """Write rows, errors.ndjson and summary.json; return the summary.

    Raises `BadInput`; the folder then keeps the files that it had.

    All files together are read as the output of one job. Memory does not grow with them; a lookup
    file is kept in memory.
    """
    try:
        analysis = _analysis(analysis_name)
        lookup = Lookup(lookup_file) if lookup_file else None
        inputs = [each for name in files for each in _inputs(name)]
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="part-", dir=out) as part:
            with Results(Path(part), analysis, lookup) as results:
                for source in inputs:
                    reader = Reader(analysis, foreign_keys=lookup is not None)
                    results.add(source.name, readings_of(source, reader))
                summary = results.write(kind)
            for earlier in out.glob("rows.*"):
                earlier.unlink()
            for name in (f"rows.{kind}", *OUTPUTS):
                Path(part, name).replace(out / name)
    except AnalysisError as error:
        raise BadInput(f"invalid --analysis {analysis_name}: {error}") from error
    except BadLookup as error:
        raise BadInput(f"invalid --lookup {error}") from error
    except duckdb.IOException:
        raise  # the disk, not the answers
    except duckdb.Error as error:
        # By its class: the text of an error of DuckDB may quote an answer.
        raise BadInput(f"{out}: the rows cannot be written ({type(error).__name__})") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise BadInput(f"{error.filename or out}: {error.strerror}") from error
    return summary


def _inputs(name: str) -> list[Input]:
    return cloud_inputs(name) if name.startswith(BUCKET_ADDRESS) else local_inputs(name)


def _analysis(name: str) -> Analysis:
    """Load a shipped analysis by its name, or the analysis of a folder by its path."""
    folder = Path(name)
    return load_folder(folder) if folder.is_dir() else load_analysis(name)


def _summary_lines(summary: dict[str, Any]) -> list[str]:
    """Format the counts; then each parse method and error type with a few record ids."""
    kinds = [
        f"  {count:>9,}  {name:<18} {' '.join(summary['examples'].get(name, []))}".rstrip()
        for part in ("parse_methods", "error_types")
        for name, count in summary[part].items()
    ]
    grades = [
        f"  {count:>9,}  {name}" for name, count in summary["grades"].items() if name != "exact"
    ]
    fields = [
        f"  {field:<40} {count['normalised']:,} normalised, {count['nulled']:,} left null"
        for field, count in summary["fields"].items()
    ]
    counts = [f"{summary[name]:,} {name}" for name in ("lines", "rows", "errors")]
    if summary["repeated"]:
        counts.append(f"{summary['repeated']:,} repeated")
    return [", ".join(counts), *kinds, *grades, *fields]
