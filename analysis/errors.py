"""Errors of an analysis' files and of request files.

AnalysisError   the files do not define a valid analysis: correct the file in the message
PreflightError  Vertex AI would refuse the whole request file: do not submit it
"""


class AnalysisError(Exception):
    """An analysis cannot be used. The message names the file, the field and the remedy."""


class PreflightError(Exception):
    """A request file breaks a rule of Vertex AI's importer.

    The message has the rule, the line number and the key path, never a value.
    """

    def __init__(self, rule: str, line: int, where: str = "") -> None:
        """`where` is a key path of the request, never a value."""
        self.rule = rule
        self.line = line
        self.where = where
        super().__init__(f"line {line}: {rule}" + (f" at {where}" if where else ""))
