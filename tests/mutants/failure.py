"""A pytest plugin that writes down how the first failing test failed.

A test notices a mutant when one of its expectations fails. A mistake in the mutant itself, such as a
name that does not exist or SQL that cannot be run, makes tests fail as well and proves nothing.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from sqlglot.errors import SqlglotError

RESULT = "TROUPE_MUTANT_RESULT"
"""Environment variable: the file that the result is written to."""

_MISTAKES = (
    SyntaxError, NameError, ImportError, AttributeError, TypeError, SqlglotError,
    duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException,
)  # fmt: skip
_OF_THE_TEST = (ValueError, LookupError, StopIteration)
"""Raised by a line of a test itself, these are expectations: `(row,) = rows` and the like."""
_PRODUCT = ("analysis", "events", "handlers", "tracking", "troupe")

_caught: list[str] = []
_broken: list[str] = []


class _Mistakes(logging.Handler):
    """Notes mistakes that the product logs and survives, as the delivery loop does."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and (mistake := mistake_in(error)):
            _broken.append(mistake)


def pytest_configure(config: pytest.Config) -> None:
    logging.getLogger("troupe").addHandler(_Mistakes())


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _broken.append(f"{report.nodeid} cannot be collected")


def pytest_exception_interact(
    node: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
) -> None:
    if call.excinfo is None or isinstance(report, pytest.CollectReport):
        return
    error = call.excinfo.value
    problem = mistake_in(error) or ("" if _is_expectation(error) else type(error).__name__)
    if problem:
        _broken.append(f"{node.nodeid}: {problem}")
    else:
        _caught.append(node.nodeid)


def pytest_sessionfinish() -> None:
    if path := os.environ.get(RESULT):
        lines = [*(f"broken {each}" for each in _broken), *(f"caught {each}" for each in _caught)]
        Path(path).write_text("\n".join(lines[:1]), encoding="utf-8")


def mistake_in(error: BaseException) -> str:
    """Return the name of a mistake among an error and its causes; empty without one."""
    for each in _chain(error):
        if isinstance(each, _MISTAKES):
            return f"{type(each).__name__}: {each}".splitlines()[0][:200]
    return ""


def _is_expectation(error: BaseException) -> bool:
    # An error of DuckDB that is no mistake is one of data: the statement itself was understood.
    if isinstance(error, AssertionError | pytest.fail.Exception | duckdb.Error):
        return True
    if type(error).__module__.partition(".")[0] in _PRODUCT:
        return True
    return isinstance(error, _OF_THE_TEST) and _raised_in_tests(error)


def _raised_in_tests(error: BaseException) -> bool:
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and "tests" in Path(at.tb_frame.f_code.co_filename).parts


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes, each once: an error that is raised from itself is its cause."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__
