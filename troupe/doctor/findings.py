"""Findings of the doctor: a state, a message, and a remedy. Errors of a check become findings."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from google.api_core import exceptions as api
from google.auth.exceptions import GoogleAuthError

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result of a check."""

    name: str
    state: State
    """A fault stops runs or loses data; a warning is for an operator to judge."""
    message: str
    """What was checked, and what is wrong."""
    remedy: str = ""
    """Empty when there is nothing to do."""


def ok(name: str, message: str) -> Finding:
    return Finding(name=name, state="ok", message=message)


def warning(name: str, message: str, remedy: str) -> Finding:
    return Finding(name=name, state="warning", message=message, remedy=remedy)


def fault(name: str, message: str, remedy: str) -> Finding:
    return Finding(name=name, state="fault", message=message, remedy=remedy)


def run_check(
    name: str, check: Callable[[], Iterator[Finding]], right: str = "", *, vital: bool = True
) -> Iterator[Finding]:
    """Yield the findings of a check. An error of it is a finding as well.

    `right` names the role that the check needs; to lack it is a fault, and a warning if the check
    is not `vital`. Of an error only the class is shown, because services quote requests.
    """
    try:
        yield from check()
    except Exception as error:
        yield finding_of_error(name, error, right, vital=vital)


def merge_alike(named: Iterable[tuple[str, Finding]]) -> Iterator[Finding]:
    """Merge equal findings of several resources: name the resources, or count those in order."""
    resources: dict[Finding, list[str]] = {}
    for name, finding in named:
        resources.setdefault(finding, []).append(name)
    for finding, names in resources.items():
        subject = f"{len(names)}" if finding.state == "ok" else f"{', '.join(names)}:"
        yield replace(finding, message=f"{subject} {finding.message}")


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 when there is a fault, else 0."""
    return int(any(each.state == "fault" for each in findings))


def lines(findings: Iterable[Finding]) -> list[str]:
    """Return a line for equal findings, a line for their remedy, and the counts at the end."""
    listed = list(findings)
    width = max((len(each.name) for each in listed), default=0)
    alike: dict[tuple[State, str, str], list[str]] = {}
    for each in listed:
        alike.setdefault((each.state, each.message, each.remedy), []).append(each.name)
    text = []
    for (state, message, remedy), (name, *others) in alike.items():
        others = [other for other in dict.fromkeys(others) if other != name]
        also = f"; the same for {', '.join(others)}" if others else ""
        text.append(f"{state:<8} {name:<{width}}  {message}{also}")
        if remedy:
            text.append(f"{'':<8} {'':<{width}}  -> {remedy}")
    counts = ((state, sum(each.state == state for each in listed)) for state in _PLURALS)
    return [*text, ", ".join(f"{n} {_PLURALS[state] if n != 1 else state}" for state, n in counts)]


_PLURALS: dict[str, str] = {"ok": "ok", "warning": "warnings", "fault": "faults"}
_LOG_IN = "log in with `gcloud auth application-default login`"
_KINDS: tuple[tuple[type[BaseException], str, str], ...] = (
    (api.NotFound, "does not exist", "apply Terraform, or correct the name in the settings"),
    (api.Forbidden, "this account has no permission to read it", "grant it {right}"),
    (api.Unauthorized, "the credentials are not accepted", _LOG_IN),
    (GoogleAuthError, "there are no valid credentials", _LOG_IN),
    (api.TooManyRequests, "a quota is used up", "run the doctor again in some minutes"),
    (api.BadRequest, "the service refused the query",
     "compare the settings with what is deployed, then apply Terraform again"),
    (api.ServerError, "the service has an outage, or cannot be reached",
     "check the network and status.cloud.google.com, and run the doctor again"),
    (api.RetryError, "the service did not reply in time",
     "check the network, and run the doctor again"),
    (OSError, "the service cannot be reached", "check the network, and run the doctor again"),
)  # fmt: skip


def finding_of_error(
    name: str, error: Exception, right: str = "", *, vital: bool = True
) -> Finding:
    """Return an error as a finding. The cause of one of our own errors is more specific."""
    root: BaseException = error
    while root.__cause__ is not None and not isinstance(root, api.GoogleAPIError | GoogleAuthError):
        root = root.__cause__
    kind = type(root).__name__
    for known, message, remedy in _KINDS:
        if isinstance(root, known):
            finding = fault(name, f"{message} ({kind})", remedy.format(right=right or "permission"))
            lowered = known is api.Forbidden and not vital
            return replace(finding, state="warning") if lowered else finding
    return fault(
        name, f"the check failed ({kind})", "run the doctor again; report this error if it repeats"
    )
