"""The page of commands, from typer's declarations."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import Parameter, signature
from itertools import chain
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, ParameterInfo

from troupe.cli.app import app, commands
from troupe.cli.lazy import split_docstring

from .text import MADE, cell

_ANYWHERE = "Every command takes these options; before or after its name."


def commands_page() -> str:
    before = app.registered_callback
    whole = [_command(before.callback, "troupe")] if before and before.callback else []
    groups = (_commands(group, name, "troupe") for name, group in commands())
    parts = ["# Commands", MADE, *whole, _ANYWHERE, *chain.from_iterable(groups)]
    return "\n\n".join(parts) + "\n"


def _commands(app: typer.Typer, name: str, above: str) -> Iterator[str]:
    """Return a section for each command of an app; one of several commands has a heading first."""
    is_group = bool(app.info.help)
    if is_group:
        yield f"## {above} {name}\n\n{app.info.help}"
    for each in app.registered_commands:
        if each.callback and not each.hidden:
            own = each.name or each.callback.__name__.replace("_", "-")
            yield _command(each.callback, f"{above} {name} {own}" if is_group else f"{above} {own}")


def _command(callback: Callable[..., Any], name: str) -> str:
    known = [_Parameter(*each) for each in _parameters(callback)]
    usage = [name, *("[OPTIONS]" for _ in known[:1]), *(p.usage for p in known if p.argument)]
    text, examples = split_docstring(callback.__doc__ or "")
    section = [f"## {name}", text, _block([" ".join(usage)])]
    if known:
        rows = (each.row for each in known)
        section.append("\n".join(["| | default | meaning |", "|---|---|---|", *rows]))
    if examples:
        section += ["Examples:", _block(examples)]
    return "\n\n".join(section)


def _block(lines: list[str]) -> str:
    return "\n".join(["```text", *lines, "```"])


def _parameters(callback: Callable[..., Any]) -> Iterator[tuple[str, Any, Any, Any]]:
    """Name, type, typer's declaration and default of each parameter."""
    hints = get_type_hints(callback, include_extras=True)
    for name, each in signature(callback).parameters.items():
        hint, *infos = get_args(hints[name])
        yield name, hint, next(i for i in infos if isinstance(i, ParameterInfo)), each.default


@dataclass(frozen=True)
class _Parameter:
    name: str
    hint: Any
    info: ParameterInfo
    default: Any

    @property
    def argument(self) -> bool:
        return isinstance(self.info, ArgumentInfo)

    @property
    def needed(self) -> bool:
        return self.default is Parameter.empty

    @property
    def usage(self) -> str:
        dots = "..." if get_origin(self.hint) is list else ""
        word = self.name.upper() + dots
        return word if self.needed else f"[{word}]"

    @property
    def row(self) -> str:
        default = "required" if self.needed else _shown(self.default)
        envvar = f" Variable: `{self.info.envvar}`." if self.info.envvar else ""
        return f"| {self._spelled} | {default} | {cell(self.info.help or '')}{envvar} |"

    @property
    def _spelled(self) -> str:
        if self.argument:
            return f"`{self.name.upper()}`"
        # In an annotation typer stores the first name of an option as its default.
        words = (self.info.default, *(getattr(self.info, "param_decls", None) or ()))
        names = [each for each in words if isinstance(each, str) and each.startswith("--")]
        name = names[0] if names else f"--{self.name.replace('_', '-')}"
        kinds = {each for each in (get_args(self.hint) or (self.hint,)) if each is not NoneType}
        if bool in kinds:
            return f"`{name}`" if names else f"`{name}`, `--no-{name[2:]}`"
        (kind,) = {(get_args(each) or (each,))[0] for each in kinds}
        return f"`{name} {_METAVARS.get(kind, 'NAME')}`"


_METAVARS = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH"}


def _shown(default: Any) -> str:
    return "" if default in (None, False, "") else f"`{default}`"
