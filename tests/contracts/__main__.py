"""Run the contract suites and print their results: by port and form, with known differences.

    python -m tests.contracts [folders and options of pytest]

Ends with 1 when a form breaks a contract. A missing emulator is listed with the reason.
"""

import sys
from collections import Counter
from dataclasses import dataclass, field

import pytest

SUITES = ("tests/contracts", "tests/gcp/test_bucket.py")
FORMS = {
    "test_warehouse.py::TestLocalWarehouse": ("warehouse", "DuckDB"),
    "test_warehouse.py::TestBigQuery": ("warehouse", "BigQuery on local-bigquery"),
    "test_warehouse.py": ("warehouse", "tests of one form alone"),
    "test_same_answers.py": ("warehouse", "one scenario on both"),
    "test_google_sql.py": ("warehouse", "the SQL in Google's analyzer"),
    "test_bucket.py::TestLocalBucket": ("bucket", "folder"),
    "test_bucket.py::TestCloudStorage": ("bucket", "Cloud Storage on fake-gcs-server"),
    "test_bucket.py::TestAsDocumented": ("bucket", "Cloud Storage as documented, in process"),
    "test_bucket.py": ("bucket", "tests of one form alone"),
    "test_bus_forms.py::TestLocalBus": ("bus", "in process"),
    "test_bus_forms.py::TestGoogleEmulator": ("bus", "Pub/Sub on Google's emulator"),
    "test_bus": ("bus", "tests of one form alone"),
    "test_job_service.py::TestInProcess": ("job service", "stand-in in process"),
    "test_job_service.py::TestOverHttp": ("job service", "stand-in over HTTP, official client"),
    "test_job_service.py": ("job service", "tests of one form alone"),
}
"""Port and form by the start of a test's id; the first match is taken."""


@dataclass(slots=True, eq=False)
class Matrix:
    """A pytest plugin that counts results by port and form."""

    counts: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=Counter)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        if report.when == "teardown":
            return
        expected = getattr(report, "wasxfail", None)
        word = "differs" if expected is not None and report.skipped else report.outcome
        self.counts.setdefault(_form_of(report.nodeid), Counter())[word] += 1
        if word == "differs":
            self.differences.setdefault(str(expected), []).append(report.nodeid)
        elif word == "skipped" and isinstance(report.longrepr, tuple):
            self.missing[report.longrepr[2].removeprefix("Skipped: ")] += 1

    def summary(self) -> str:
        words = ("passed", "differs", "skipped", "failed")
        lines = [f"{'port':12}{'form':48}" + "".join(f"{word:>9}" for word in words)]
        for (port, form), counts in sorted(self.counts.items()):
            lines.append(f"{port:12}{form:48}" + "".join(f"{counts[word]:9}" for word in words))
        if self.differences:
            lines += ["", "Known differences, each a strict xfail:"]
        for reason, tests in sorted(self.differences.items()):
            lines += [f"- {reason}", *(f"    {test.partition('::')[2]}" for test in tests)]
        for reason, count in sorted(self.missing.items()):
            lines += ["", f"Not run, {count} tests: {reason}"]
        return "\n".join(lines)


def _form_of(nodeid: str) -> tuple[str, str]:
    file, _, name = nodeid.partition("::")
    test = f"{file.rpartition('/')[2]}::{name}"
    return next((form for start, form in FORMS.items() if test.startswith(start)), ("other", file))


def main(arguments: list[str]) -> int:
    matrix = Matrix()
    ended = pytest.main([*(arguments or SUITES), "-q", "-n0", "--no-header"], [matrix])
    print(f"\n{matrix.summary()}")  # noqa: T201
    return int(ended)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
