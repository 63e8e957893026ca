"""A run from its request to its report, through every service of the cloud backend."""

import json
from itertools import islice

import pytest

from scripts.image import Image
from scripts.restore import main as restore
from tests.cloud.container import Containers
from tests.cloud.deployment import CloudDeployment
from tests.cloud.rights.grants import Need
from tests.cloud.scenario import run_scenario
from troupe.backends.gcp.warehouse import bigquery_client
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
    """Eight services are ended at random during the run, every second one by SIGTERM."""
    rows = islice(generate(), TRANSCRIPTS, 2 * TRANSCRIPTS)

    result = run_scenario(cloud, "killed", rows, kills=8, canary=30, rows_per_batch=40)

    assert result.ok, result.lines()
    assert result.kills > 1
    assert {0} == {*cloud.exit_codes}
    assert result.totals["planned"] == result.totals["analysed"] > 100
    assert 0 == result.dead_letters


def test_a_written_output_is_announced_by_the_bucket(cloud: CloudDeployment) -> None:
    """The storage emulator publishes OBJECT_FINALIZE itself; `watch-jobs` acts on it."""
    lines = [line for line in cloud.log_lines() if line["message"] == "delivered"]

    notices = [line for line in lines if line["topic"] == "gcs-object"]
    assert notices
    assert "done" in {line["outcome"] for line in notices}


def test_no_service_needed_a_right_that_it_is_not_granted(cloud: CloudDeployment) -> None:
    """The gate refused nothing in these runs, and saw each service use what it is granted."""
    used = {name: caller.used for name, caller in cloud.gate.callers.items()}

    assert [] == cloud.gate.refused()
    assert Need("aiplatform.batchPredictionJobs.create", "project") in used["submit-job"]
    assert Need("bigquery.tables.updateData", "tables/attempt_closings") in used["process-results"]
    assert Need("pubsub.topics.publish", "topics/run-completed") in used["advance-run"]


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


def test_the_services_run_from_the_image(cloud: CloudDeployment, image: Image | None) -> None:
    """With a read-only root, the image's user, and the memory that Terraform gives."""
    if image is None:
        pytest.skip("processes stand in for containers here: run `python -m scripts.image` for why")
    assert isinstance(cloud.launch, Containers)

    held = cloud.launch.memory()

    assert {each.handler for each in cloud.processes} == held.keys()
    assert all(0 < each for each in held.values())


def test_the_image_holds_what_a_service_needs(image: Image | None) -> None:
    """Neither DuckDB nor pip, rich or the translator of SQL."""
    if image is None:
        pytest.skip("no image is built here: run `python -m scripts.image` for why")

    assert (image.root / "opt/troupe/handlers/choreography.py").is_file()
    assert (image.root / "opt/packages/bin/python").is_symlink()
    assert [] == image.unwanted()


def test_rows_that_are_gone_come_back_from_a_copy(
    cloud: CloudDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A restore drill: rows are deleted, a table is dropped; then the totals balance as before."""
    source, copied = (f"troupe.{cloud.settings.dataset}", f"troupe.copy_{cloud.settings.dataset}")
    with bigquery_client(cloud.settings) as client:
        client.create_dataset(copied)
        before = cloud.totals("undisturbed")
        restore(["copy", source, copied], client)
        client.query_and_wait(
            f"DELETE FROM `{source}.attempt_closings` WHERE run_id = 'undisturbed'"  # noqa: S608
        )
        client.query_and_wait(
            f"DELETE FROM `{source}.transcription_analyzed_transcripts` "  # noqa: S608
            "WHERE run_id = 'undisturbed' AND batch = 2"
        )
        damaged = cloud.totals("undisturbed")
        client.delete_table(f"{source}.run_reports")
        capsys.readouterr()

        restore(["missing", copied, source], client)
        found = dict(line.split() for line in capsys.readouterr().out.splitlines())
        restore(["back", copied, source], client)
        restore(["missing", copied, source], client)

    assert not damaged["ok"]
    assert int(found["attempt_closings"]) >= 3
    assert int(found["transcription_analyzed_transcripts"]) > 10
    assert int(found["run_reports"]) >= 1
    after = dict(line.split() for line in capsys.readouterr().out.splitlines()[-len(found) :])
    assert {"0"} == set(after.values())
    assert before == cloud.totals("undisturbed")
