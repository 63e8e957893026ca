"""Processes of the simulation with other analyses than those that runs are planned with."""

import pytest

from analysis import AnalysisError
from troupe.simulation.installed_analyses import NAME, ORIGINAL, InstalledAnalyses
from troupe.simulation.rng import Rng


def test_processes_have_an_edited_analysis_or_none() -> None:
    """Some keep the original; none of the others can build the request lines of a run."""
    installed = InstalledAnalyses(Rng(0), share=0.8)
    given = [installed.of_process() for _ in range(40)]
    line = ORIGINAL.load(NAME).request_line

    edited = [each for each in given if each is not ORIGINAL and each.names == [NAME]]
    removed = [each for each in given if not each.names]
    assert edited
    assert removed
    assert 0 < given.count(ORIGINAL) == len(given) - len(edited) - len(removed)
    assert all(line != each.load(NAME).request_line for each in edited)
    with pytest.raises(AnalysisError, match=NAME):
        removed[0].load(NAME)


def test_in_the_last_part_of_a_simulation_all_processes_are_alike() -> None:
    """Faults are over by then."""
    installed = InstalledAnalyses(Rng(0), share=1.0)
    installed.disabled = True

    assert installed.of_process() is ORIGINAL
