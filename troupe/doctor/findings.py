"""What the doctor finds: one line about it, and one line that says what to do."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from google.api_core import exceptions as api
from google.auth.exceptions import GoogleAuthError

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's result."""

    name: str
    state: State
    """A fault stops runs or loses something; a warning is for somebody to decide."""
    message: str
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
    """What a check finds. What it fails with is a finding as well, and hides no other check.

    `right` names the role that lets an account look; where that is not `vital`, to lack it is a
    warning. Of a foreign failure only its kind is told: services quote what they were sent.
    """
    try:
        yield from check()
    except Exception as error:
        yield finding_of_error(name, error, right, vital=vital)


def merge_alike(found: Iterable[tuple[str, Finding]]) -> Iterator[Finding]:
    """One finding for all things that are alike: those in order by number, others by name."""
    alike: dict[Finding, list[str]] = {}
    for thing, finding in found:
        alike.setdefault(finding, []).append(thing)
    for finding, things in alike.items():
        whose = f"{len(things)}" if finding.state == "ok" else f"{', '.join(things)}:"
        yield replace(finding, message=f"{whose} {finding.message}")


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when there is a fault."""
    return int(any(each.state == "fault" for each in findings))


def lines(findings: Iterable[Finding]) -> list[str]:
    """A line for what is alike, and a line with its remedy; at the end the counts."""
    told = list(findings)
    width = max((len(each.name) for each in told), default=0)
    alike: dict[tuple[State, str, str], list[str]] = {}
    for each in told:
        alike.setdefault((each.state, each.message, each.remedy), []).append(each.name)
    text = []
    for (state, message, remedy), (name, *others) in alike.items():
        others = [other for other in dict.fromkeys(others) if other != name]
        also = f"; so it is with {', '.join(others)}" if others else ""
        text.append(f"{state:<8} {name:<{width}}  {message}{also}")
        if remedy:
            text.append(f"{'':<8} {'':<{width}}  -> {remedy}")
    counts = ((state, sum(each.state == state for each in told)) for state in _PLURALS)
    return [*text, ", ".join(f"{n} {_PLURALS[state] if n != 1 else state}" for state, n in counts)]


_PLURALS: dict[str, str] = {"ok": "ok", "warning": "warnings", "fault": "faults"}
_LOG_IN = "log in with `gcloud auth application-default login`"
_KINDS: tuple[tuple[type[BaseException], str, str], ...] = (
    (api.NotFound, "is not there", "apply Terraform, or correct the name in the settings"),
    (api.Forbidden, "may not be looked at by this account", "give it {right}"),
    (api.Unauthorized, "the credentials are not accepted", _LOG_IN),
    (GoogleAuthError, "there are no credentials that work", _LOG_IN),
    (api.TooManyRequests, "a quota is used up", "ask again in some minutes"),
    (api.BadRequest, "the service refused the query",
     "compare the settings with what is deployed, then apply Terraform again"),
    (api.ServerError, "the service is in trouble, or cannot be reached",
     "see to the network and status.cloud.google.com, and ask again"),
    (api.RetryError, "the service did not answer in time", "see to the network, and ask again"),
    (OSError, "the service cannot be reached", "see to the network, and ask again"),
)  # fmt: skip


def finding_of_error(
    name: str, error: Exception, right: str = "", *, vital: bool = True
) -> Finding:
    """A failure as a finding. Our own errors stand around a foreign one, which says more."""
    met: BaseException = error
    while met.__cause__ is not None and not isinstance(met, api.GoogleAPIError | GoogleAuthError):
        met = met.__cause__
    kind = type(met).__name__
    for known, message, remedy in _KINDS:
        if isinstance(met, known):
            told = fault(name, f"{message} ({kind})", remedy.format(right=right or "the right to"))
            return told if vital or known is not api.Forbidden else replace(told, state="warning")
    return fault(name, f"could not be examined ({kind})", "ask again; then report this kind")
