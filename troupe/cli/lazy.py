"""Commands that are imported when they are called, and options that may stand before or after them.

Importing all commands takes half a second (DuckDB, sqlglot, the report, the simulation), and each of
them needs a part of it. Only this file imports late, a command (or `status --watch`) at a time;
every other module of the command line imports at its top, except the backend that was chosen.
"""

from inspect import cleandoc
from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from troupe.exit_codes import ExitCode

HELP = {"help_option_names": ["-h", "--help"]}
"""For the context of a command: the commands below it inherit it."""
FOOTER = "Every command also takes --home, --backend and --terraform: see `troupe --help`."


_NO_SUCH_PATH = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class LazyCommand(TyperCommand):
    """Name and summary of a command; the first use imports the command itself."""

    def __init__(self, name: str, place: str, summary: str, panel: str) -> None:
        """`place`: `module:function`, or `module:app` for a group of commands."""
        super().__init__(name, help=summary, rich_help_panel=panel)
        self.place = place

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """Parse the arguments with the imported command; its context then runs that command."""
        command: Any = get_command(load_app(self.place, self.name or ""))
        return command.make_context(info_name, args, *more, **extra)


def load(place: str) -> Any:
    """Import what stands at `module:name`."""
    return resolve_name(place)


def load_app(place: str, name: str) -> typer.Typer:
    """Import a command, or a group of them; the examples of a docstring become its epilog."""
    imported = load(place)
    if isinstance(imported, typer.Typer):
        app = imported
        app.info.epilog = FOOTER
    else:
        app = typer.Typer(add_completion=False)
        app.command(name)(imported)
    for each in app.registered_commands:
        function = each.callback
        each.name = each.name or getattr(function, "__name__", None)
        each.help, examples = split_docstring(function.__doc__ or "" if function else "")
        lines = ["Examples:", *(f"  {line}" for line in examples), ""] if examples else []
        each.epilog = "\n".join([*lines, FOOTER])
    return app


def split_docstring(docstring: str) -> tuple[str, list[str]]:
    """Return the text of a docstring, a line for each paragraph, and the lines of `Examples:`."""
    text, _, examples = cleandoc(docstring).partition("\n\nExamples:\n")
    paragraphs = (" ".join(each.split()) for each in text.split("\n\n"))
    return "\n\n".join(paragraphs), [line.strip() for line in examples.splitlines()]


class LazyGroup(TyperGroup):
    """The group `troupe`. Its own options may stand anywhere before a `--`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move the options of the group in front of the command, where the parser expects them."""
        names = {
            name
            for each in self.params
            if not getattr(each, "is_flag", False)
            for name in each.opts
        }
        first, rest = list[str](), list[str]()
        words = iter(args)
        for word in words:
            if word != word.encode(errors="ignore").decode():
                ctx.fail(f"Argument {word!r} is not UTF-8.")
            if word == "--":
                rest += [word, *words]
            elif word in names:
                value = next(words, None)
                if value is None:
                    ctx.fail(f"Option {word!r} requires an argument.")
                first += [word, value or ""]
            elif word.partition("=")[0] in names:
                first.append(word)
            else:
                rest.append(word)
        parsed: list[str] = super().parse_args(ctx, [*first, *rest])
        return parsed

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error of the machine ends it with one sentence."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except BaseException as error:
            problem = load("troupe.cli.failures:problem_of")(error)
            if problem is None:
                raise
            typer.echo(f"troupe: {problem}", err=True)
            is_mistyped = isinstance(error, _NO_SUCH_PATH)
            raise typer.Exit(ExitCode.USAGE if is_mistyped else ExitCode.FAILED) from error
