"""A run from its request to its report, through every service of the cloud backend."""

import json
from itertools import islice

from tests.cloud.deployment import CloudDeployment
from tests.cloud.scenario import run_scenario
from troupe.demo_data import generate

TRANSCRIPTS = 150


def test_every_transcript_ends_in_one_row_or_one_error(cloud: CloudDeployment) -> None:
    """With push delivery, retries and dead-letter topics; nothing is open or dead-lettered."""
    rows = islice(generate(), TRANSCRIPTS)

    result = run_scenario(cloud, "undisturbed", rows, canary=30, rows_per_batch=60)

    assert result.ok, result.lines()
    assert 0 == result.dead_letters
    assert TRANSCRIPTS == result.totals["planned"] + result.totals["skipped"]
    assert result.totals["planned"] == result.totals["analysed"] > 100


def test_killed_services_lose_and_duplicate_nothing(cloud: CloudDeployment) -> None:
    """Eight services are killed at random during the run."""
    rows = islice(generate(), TRANSCRIPTS, 2 * TRANSCRIPTS)

    result = run_scenario(cloud, "killed", rows, kills=8, canary=30, rows_per_batch=40)

    assert result.ok, result.lines()
    assert result.kills > 0
    assert result.totals["planned"] == result.totals["analysed"] > 100
    assert 0 == result.dead_letters


def test_the_command_line_works_on_the_deployment(cloud: CloudDeployment) -> None:
    """The same operations as locally; commands of the local backend alone are refused."""
    totals = json.loads(cloud.command("verify", "undisturbed", "--json").stdout)
    status = cloud.command("status", "undisturbed")
    watched = cloud.command("status", "undisturbed", "--watch")
    letters = cloud.command("dead-letters", "list")

    assert (True, 0) == (totals["ok"], totals["lost"])
    assert "The services of the deployment are the workers" in status.stdout
    assert "Run undisturbed: completed" in status.stdout, status.stdout
    assert 0 == watched.exit_code, watched.output
    assert "run undisturbed: completed; 142 of 142 records over" in watched.stdout
    assert 0 == letters.exit_code
    assert "142 analysed" in cloud.command("report", "undisturbed").stdout
    assert 0 == cloud.command("explain", "undisturbed/1").exit_code
    assert 2 == cloud.command("load", "calls.jsonl").exit_code
    refused = cloud.command("work")
    assert (2, True) == (refused.exit_code, "--backend local only" in refused.output)


def test_logs_contain_no_personal_data(cloud: CloudDeployment) -> None:
    """Logs contain ids only, and every line about a run carries its trace."""
    lines = cloud.log_lines()
    delivered = [line for line in lines if line["message"] == "delivered" and line["run_id"]]

    assert delivered
    assert {True} == {"logging.googleapis.com/trace" in line for line in delivered}
    text = repr(lines)
    for row in islice(generate(), 20):
        assert str(row["phone_number_token"]) not in text
        assert str(row["interactionId"]) not in text
