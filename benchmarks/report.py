"""Render the results as a Markdown page."""

from collections.abc import Iterator
from typing import Any


def page(results: dict[str, Any]) -> str:
    """The page, with a section for each benchmark that was run."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. A ratio is that of the least CPU times in the rounds of one run,",
        "each piece of work in a process of its own; in brackets: the least and the most ratio of",
        "a single round. Times are this machine's.",
        "",
        _machine(results["machine"]),
        "",
    ]
    for name, section in SECTIONS.items():
        if name in results:
            lines += [*section(results[name]), "", f"Measured on {results[name]['measured']}.", ""]
    return "\n".join(lines)


def _machine(about: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    return (
        f"{about['processor']}, {about['cores']} cores, {about['memory_gigabytes']} GiB, "
        f"{about['system']}, Python {about['python']}, {packages}."
    )


def _reading(f: dict[str, Any]) -> Iterator[str]:
    yield f"## Reading ({f['lines']:,} lines of {f['bytes_a_line']:,} bytes)"
    yield ""
    yield "| | ratio | target |"
    yield "|---|---|---|"
    yield f"| requirements' way / ours | {_times(f['times_plain'])} | ≥ 10 |"
    plain = _times(f["times_plain_with_fingerprint"])
    yield f"| requirements' way / ours with fingerprints | {plain} | ≥ 7 |"
    if foreign := f.get("foreign"):
        short = _times(foreign["times_plain"])
        yield f"| the same, lines of {foreign['bytes_a_line']:,} bytes with foreign echoes | {short} | |"
    yield f"| ours / scan of the bytes at C speed | {_times(f['scans'])} | |"
    yield f"| ours / a parse of every line that keeps nothing | {_times(f['parses'])} | |"
    two = f["two_processes"]
    yield f"| one process / two, wall | {two['times_one']} | ≥ 1.7 |"
    yield f"| one process / the longer of two, CPU | {two['times_one_in_cpu']} | |"
    yield ""
    yield f"CPU µs a line: {_list(f['cpu_micros_a_line'])}. Peak MB: {_list(f['peak_megabytes'])}."
    yield ""
    yield from _next_limit(f["cpu_micros_a_line"])


def _next_limit(micros: dict[str, float]) -> Iterator[str]:
    ours, parse = micros["ours"], micros["parse"]
    yield (
        f"What limits it next: the answer. Of {ours} µs, {micros['lines']} cut the file into lines, "
        f"and a parse at the speed of C that keeps nothing of a line would bring that to {parse}. "
        "The rest compares a line with the constant bytes of its file, decodes the answer's text, "
        "decodes and encodes the answer in it, counts quotes as the proof that nothing was left "
        "out, and makes a row. Ten times the requirements' way is "
        f"{round(micros['plain'] / 10, 1)} µs here. Compiled Python is no faster "
        "(docs/decisions/0010-no-compiled-reader.md): only a reader from bytes to bytes, in "
        "another language, goes far below."
    )


def _writing(f: dict[str, Any]) -> Iterator[str]:
    yield f"## Writing requests ({f['lines']:,} lines of {f['bytes_a_line']:,} bytes, preflight on)"
    yield ""
    yield "| | ratio | target |"
    yield "|---|---|---|"
    yield f"| requirements' way / ours | {_times(f['times_plain'])} | ≥ 12 |"
    yield f"| ours / copy without escaping | {_times(f['copies'])} | |"
    yield ""
    yield f"CPU µs a line: {_list(f['cpu_micros_a_line'])}."


def _memory(f: dict[str, Any]) -> Iterator[str]:
    yield f"## Peak memory, MB (target ≤ 150; an idle interpreter has {f['imported']})"
    yield ""
    yield from _table(f["peaks"])


def _planning(f: dict[str, Any]) -> Iterator[str]:
    yield "## Planning in one statement (local warehouse, 400 MB, two threads)"
    yield ""
    yield from _table(f["planned"])
    yield ""
    yield (
        f"25 million records, extrapolated from {f['extrapolated_from']:,}: "
        f"{f['seconds_for_25_million']:,} s."
    )


def _batches(f: dict[str, Any]) -> Iterator[str]:
    yield "## Per batch, as runs get longer"
    yield ""
    yield from _table(f["runs"])
    yield ""
    yield (
        "Bytes read are those that the scans return. A process that follows a run reads each "
        "closing once; a new process reads those of the whole run in its first query. "
        "BigQuery bills ten megabytes for each table that a statement names in any case."
    )
    yield ""
    yield (
        "Under a cap each batch that is over also asks what is on its way, of one small row for "
        "each batch of the recent runs:"
    )
    yield ""
    yield from _table(f["capped"])


def _hops(f: dict[str, Any]) -> Iterator[str]:
    yield "## A hop's own overhead"
    yield ""
    yield f"{f['hop_micros']} µs: {_list(f['micros'])} (deliver reads the message as well)."


SECTIONS = {
    "reading": _reading,
    "writing": _writing,
    "memory": _memory,
    "planning": _planning,
    "batches": _batches,
    "hops": _hops,
}


def _times(ratio: dict[str, float]) -> str:
    return f"{ratio['best']} ({ratio['least']} to {ratio['most']})"


def _list(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "| " + " | ".join(name.replace("_", " ") for name in rows[0]) + " |"
    yield "|" + "---|" * len(rows[0])
    for row in rows:
        yield "| " + " | ".join(f"{value:,}" for value in row.values()) + " |"
