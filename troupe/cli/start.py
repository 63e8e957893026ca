"""The entry point. A signal is obeyed from here on, also while the command line is imported."""

from pkgutil import resolve_name

from troupe.interrupts import run_command


def main() -> None:
    """Run the command line."""
    run_command(lambda: resolve_name("troupe.cli.app:app")())
