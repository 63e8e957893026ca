"""Rows that the stand-in answered are marked, unlike those of a model."""

from tests.harness import LocalHarness, calls


def test_rows_of_the_stand_in_name_it_as_their_model(harness: LocalHarness) -> None:
    """And the run's figures still have the price of the model that was asked for."""
    harness.load(calls(3))

    harness.run()

    assert [("stand-in",)] == harness.sql(
        "SELECT DISTINCT model FROM transcription_analyzed_transcripts"
    )
    assert harness.one("SELECT min(cost) FROM transcription_analyzed_transcripts") > 0
