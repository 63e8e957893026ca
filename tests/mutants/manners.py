"""Mutants of the command line: signals, folders that are only read, and errors of the machine."""

from .mutant import Mutant

_READING = "tests/cli/test_reading.py"
_SIGNALS = "tests/cli/test_signals.py"
_MISTAKES = "tests/cli/test_bad_input.py"

MANNERS = (
    Mutant(
        name="a signal does not interrupt the query",
        where="troupe/interrupts.py",
        old="        received.append(number)\n        interrupt_queries()\n",
        new="        received.append(number)\n",
        tests=(f"{_SIGNALS}::test_a_handler_interrupts_the_query_and_raises",),
    ),
    Mutant(
        name="an error that a signal caused is shown",
        where="troupe/interrupts.py",
        old="            if not received:\n                raise\n",
        new="            raise\n",
        tests=(f"{_SIGNALS}::test_a_signal_in_a_query_ends_the_command",),
    ),
    Mutant(
        name="a command that ignores a signal goes on",
        where="troupe/interrupts.py",
        old='    _leave(number, screen=_USUAL_SCREEN if sys.stdout.isatty() else "")\n',
        new="",
        tests=(f"{_SIGNALS}::test_a_command_that_ignores_a_signal_is_ended_by_the_deadline",),
    ),
    Mutant(
        name="a reading command opens the database for writing",
        where="troupe/backends/local/reading.py",
        old="tables, read_only=True)",
        new="tables, read_only=False)",
        tests=(f"{_READING}::test_who_reads_cannot_publish_and_keeps_writers_out",),
    ),
    Mutant(
        name="clear-history reads only, although it is sure",
        where="troupe/operations/registry.py",
        old="        return not arguments.get(_PREVIEW[name])\n",
        new="        return True\n",
        tests=(f"{_READING}::test_a_call_that_changes_something_is_no_reading",),
    ),
    Mutant(
        name="a folder of something else becomes a state folder",
        where="troupe/backends/local/state_folder.py",
        old="    if any(path not in ours for path in home.iterdir()):\n",
        new="    if not home.exists():\n",
        tests=(_MISTAKES,),
    ),
    Mutant(
        name="a full disk shows a traceback",
        where="troupe/cli/failures.py",
        old="    if of_disk or (isinstance(error, duckdb.Error) and _SAYS_FULL.search(str(error))):\n",
        new="    if of_disk:\n",
        tests=(_MISTAKES,),
    ),
    Mutant(
        name="publish ends with 0 for a message that is not readable",
        where="troupe/cli/run.py",
        old="    if sent.unreadable:\n",
        new="    if not sent:\n",
        tests=(_MISTAKES,),
    ),
    Mutant(
        name="the processes of a simulation run on when it is killed",
        where="troupe/simulation/report.py",
        old="prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)",
        new="prctl(_PR_SET_PDEATHSIG, 0)",
        tests=("tests/cli/test_signals.py::test_the_processes_of_a_simulation_end_with_it",),
    ),
)
