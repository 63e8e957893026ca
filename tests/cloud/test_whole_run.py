"""A run from its request to its report, through every service of the cloud form."""

import json
from itertools import islice

from tests.cloud.deployment import Cloud
from tests.cloud.scenario import play
from troupe.demo_data import generate

TRANSCRIPTS = 150


def test_every_transcript_ends_in_one_row_or_one_error(cloud: Cloud) -> None:
    """Real push, real retries, dead letters as in the catalogue; nothing is left over."""
    rows = islice(generate(), TRANSCRIPTS)

    figures = play(cloud, "calm", rows, canary=30, rows_per_batch=60)

    assert figures.ok, figures.lines()
    assert 0 == figures.dead_letters
    assert TRANSCRIPTS == figures.books["planned"] + figures.books["skipped"]
    assert figures.books["planned"] == figures.books["analysed"] > 100


def test_killed_services_lose_and_double_nothing(cloud: Cloud) -> None:
    """Any of them, at any moment, with what they were at."""
    rows = islice(generate(), TRANSCRIPTS, 2 * TRANSCRIPTS)

    figures = play(cloud, "rough", rows, kills=8, canary=30, rows_per_batch=40)

    assert figures.ok, figures.lines()
    assert figures.kills > 0
    assert figures.books["planned"] == figures.books["analysed"] > 100
    assert 0 == figures.dead_letters


def test_the_command_speaks_to_the_deployment(cloud: Cloud) -> None:
    """The same duties as on a laptop; what only a laptop has says so."""
    books = json.loads(cloud.ask("verify", "calm", "--json").stdout)
    status = cloud.ask("status", "calm")
    watched = cloud.ask("status", "calm", "--watch")
    letters = cloud.ask("dead-letters", "list")

    assert (True, 0) == (books["ok"], books["lost"])
    assert "The deployment's services work" in status.stdout
    assert "Run calm: completed" in status.stdout, status.stdout
    assert 0 == watched.exit_code, watched.output
    assert "run calm: completed; 142 of 142 records over" in watched.stdout
    assert 0 == letters.exit_code
    assert "142 analysed" in cloud.ask("report", "calm").stdout
    assert 0 == cloud.ask("explain", "calm/1").exit_code
    assert 2 == cloud.ask("load", "calls.jsonl").exit_code
    refused = cloud.ask("work")
    assert (2, True) == (refused.exit_code, "--backend local only" in refused.output)


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
