"""A run from its request to its report, through every service of the cloud form."""

from itertools import islice

import pytest

from infra.local.generator import generate
from tests.cloud.deployment import Cloud
from tests.cloud.story import play

pytestmark = pytest.mark.xdist_group("cloud")

TRANSCRIPTS = 150


def test_every_transcript_ends_in_one_row_or_one_error(cloud: Cloud) -> None:
    """Real push, real retries, dead letters as in the catalogue; nothing is left over."""
    rows = islice(generate(), TRANSCRIPTS)

    figures = play(cloud, "calm", rows, canary=30, rows_per_batch=60)

    assert figures.ok, figures.lines()
    assert 0 == figures.dead_letters
    assert TRANSCRIPTS == figures.books["planned"] + figures.books["skipped"]


def test_killed_services_lose_and_double_nothing(cloud: Cloud) -> None:
    """Any of them, at any moment, with what they were at."""
    rows = islice(generate(), TRANSCRIPTS, 2 * TRANSCRIPTS)

    figures = play(cloud, "rough", rows, kills=8, canary=30, rows_per_batch=40)

    assert figures.ok, figures.lines()
    assert figures.kills > 0
    assert 0 == figures.dead_letters


def test_nobody_s_words_stand_in_a_log(cloud: Cloud) -> None:
    """Ids only, of all services together; every line of a run carries its trace."""
    said = cloud.log_lines()
    delivered = [line for line in said if line["message"] == "delivered" and line["run_id"]]

    assert delivered
    assert {True} == {"logging.googleapis.com/trace" in line for line in delivered}
    text = repr(said)
    for row in islice(generate(), 20):
        assert str(row["phone_number_token"]) not in text
        assert str(row["interactionId"]) not in text
