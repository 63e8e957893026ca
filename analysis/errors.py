"""What can be wrong with an analysis folder or a request file.

AnalysisError   the folder is not usable: correct the file that it names
PreflightError  the request file would be refused by the service as a whole: do not submit it
"""


class AnalysisError(Exception):
    """An analysis folder is not usable. Names the file, the field and what to do."""


class PreflightError(Exception):
    """A request file breaks a rule of the importer. Names rule and line, never content."""

    def __init__(self, rule: str, line: int, where: str = "") -> None:
        """`where` is a key path of the request, never a value."""
        self.rule = rule
        self.line = line
        self.where = where
        super().__init__(f"line {line}: {rule}" + (f" at {where}" if where else ""))
