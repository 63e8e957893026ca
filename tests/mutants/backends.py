"""Mutants of the two backends: their warehouse, bucket, bus and job service."""

from .mutant import Mutant

_LOCAL = "troupe/backends/local"
_GCP = "troupe/backends/gcp"
_STORE = ("tests/contracts/test_warehouse.py::TestLocalWarehouse",)
_DUCKDB = (
    "tests/contracts/test_warehouse.py::test_every_failure_takes_the_next_suffix",
    "tests/contracts/test_warehouse.py::test_the_row_of_a_job_id_commits_with_its_transaction",
    "tests/contracts/test_warehouse.py::test_a_transaction_whose_job_row_cannot_be_written_is_rolled_back",
    "tests/contracts/test_warehouse.py::test_staging_tables_live_for_a_day",
    "tests/contracts/test_warehouse.py::test_a_failed_load_leaves_no_rows_behind",
    "tests/contracts/test_warehouse.py::test_statements_use_the_clock_of_the_backend",
)
_BIGQUERY = ("tests/gcp/test_warehouse.py",)

BACKENDS = (
    # DuckDB
    Mutant(
        name="a transaction runs again under its job id",
        where=_LOCAL,
        old='return None if "done" in tries else job_try(job_id, len(tries) + 1)',
        new="return job_try(job_id, len(tries) + 1)",
        tests=("tests/contracts/test_warehouse.py::TestLocalWarehouse::test_a_job_id_runs_once",),
    ),
    Mutant(
        name="a job id that is the start of another one counts as done",
        where=_LOCAL,
        old="tries = [state for name, state in rows if number_of_try(job_id, name) is not None]",
        new="tries = [state for name, state in rows]",
        tests=(
            "tests/contracts/test_warehouse.py::TestLocalWarehouse::test_a_similar_job_id_is_another_job",
        ),
    ),
    Mutant(
        name="a transaction that failed is not rolled back",
        where=_LOCAL,
        old="    def _fail(self, name: str, error: duckdb.Error) -> None:\n        self._roll_back()",
        new='    def _fail(self, name: str, error: duckdb.Error) -> None:\n        self.db.execute("COMMIT")',
        equivalent="DuckDB aborts a transaction at its first error, and its COMMIT then rolls back",
        tests=_STORE,
    ),
    Mutant(
        name="a job is done before its transaction is committed",
        where=_LOCAL,
        old='                self.db.execute("BEGIN TRANSACTION")\n                for statement in statements:\n                    self._execute(self.db, statement, values)\n                self._end_job(name, "done")\n',
        new='                self._end_job(name, "done")\n                self.db.execute("BEGIN TRANSACTION")\n                for statement in statements:\n                    self._execute(self.db, statement, values)\n',
        tests=(
            "tests/contracts/test_warehouse.py::TestLocalWarehouse::test_a_failed_transaction_leaves_nothing_and_may_run_again",
        ),
    ),
    Mutant(
        name="a disk that is full is a failure of the delivery",
        where="troupe/backends/local/disk.py",
        old="        if error.errno in _ERRNOS:\n            raise DiskFailure from error\n",
        new="",
        tests=(
            "tests/local/test_full_disk.py::test_a_delivery_on_a_full_disk_is_not_tried_until_it_is_a_dead_letter",
        ),
    ),
    Mutant(
        name="an exception leaves a transaction open",
        where=_LOCAL,
        old="            # Without the rollback, later statements would join this transaction.\n            self._roll_back()\n",
        new="",
        tests=(
            "tests/contracts/test_warehouse.py::TestLocalWarehouse::test_a_missing_parameter_leaves_no_transaction_open",
        ),
    ),
    Mutant(
        name="a load that fails keeps what it has read",
        where=_LOCAL,
        old='        except duckdb.Error as error:\n            self._roll_back()\n            raise Reject("load_refused"',
        new='        except duckdb.Error as error:\n            self.db.execute("COMMIT")\n            raise Reject("load_refused"',
        equivalent="DuckDB aborts a transaction at its first error, and its COMMIT then rolls back",
        tests=(*_STORE, *_DUCKDB),
    ),
    Mutant(
        name="staging tables are kept for ever",
        where=_LOCAL,
        old="            self.db.execute(f'DROP TABLE IF EXISTS \"{name}\"')\n",
        new="            self.db.execute(f'DROP TABLE IF EXISTS \"{name}_\"')\n",
        tests=("tests/contracts/test_warehouse.py::test_staging_tables_live_for_a_day",),
    ),
    Mutant(
        name="a file is loaded into the source twice",
        where=_LOCAL,
        old='                self.db.execute(insert_source(files[job_id], source, added))\n                self._end_job(name, "done")\n',
        new="                self.db.execute(insert_source(files[job_id], source, added))\n",
        tests=("tests/local/test_load.py::test_the_same_file_twice_adds_nothing",),
    ),
    Mutant(
        name="integers have the width of their value",
        where=_LOCAL,
        old="    if integers:\n",
        new="    if False:\n",
        tests=_STORE,
    ),
    Mutant(
        name="the clock of a transaction is that of each statement",
        where=_LOCAL,
        old='values = {**params, "now": self._clock()}',
        new="values = {**params}",
        tests=("tests/tracking/test_planning.py::test_a_plan_that_runs_past_midnight_has_one_day",),
    ),
    # The folder
    Mutant(
        name="an object of other content is adopted",
        where=_LOCAL,
        old="if (target.stat().st_size, _checksum_of(target)) != written:",
        new="if target.stat().st_size != written[0]:",
        tests=(
            "tests/contracts/test_bucket.py::TestLocalBucket::test_other_content_is_dead_lettered_and_nothing_overwritten",
        ),
    ),
    Mutant(
        name="an object is overwritten",
        where=_LOCAL,
        old="            _move_new(part, target)\n",
        new="            part.replace(target)\n",
        tests=(
            "tests/contracts/test_bucket.py::TestLocalBucket::test_other_content_is_dead_lettered_and_nothing_overwritten",
        ),
    ),
    Mutant(
        name="an object is written in its place",
        where=_LOCAL,
        old='part = self._aside / f"{zlib.crc32(path.encode()):08x}-{os.getpid()}"',
        new='part = target.with_name(f"{target.name}.part")',
        tests=("tests/contracts/test_bucket.py::test_an_object_is_listed_once_it_is_whole",),
    ),
    Mutant(
        name="objects are listed in any order",
        where=_LOCAL,
        old="return sorted(blobs, key=lambda blob: blob.uri)",
        new="return sorted(blobs, key=lambda blob: blob.size)",
        tests=(
            "tests/contracts/test_bucket.py::TestLocalBucket::test_objects_are_listed_in_order_of_name",
        ),
    ),
    # The bus in process
    Mutant(
        name="a message is gone once it is leased",
        where=_LOCAL,
        old="        self._leased[due.number] = (deadline, delivery)\n",
        new="",
        tests=(
            "tests/contracts/test_bus.py::test_the_count_of_an_acknowledged_message_starts_again",
        ),
    ),
    Mutant(
        name="a message without a reply is not delivered again",
        where=_LOCAL,
        old="        for number in [n for n, (deadline, _) in self._leased.items() if deadline <= now]:\n            self.refuse(number)\n",
        new="        for number in [n for n, (deadline, _) in self._leased.items() if deadline <= now]:\n            self.acknowledge(number)\n",
        tests=(
            "tests/contracts/test_bus.py::test_a_message_without_acknowledgement_is_delivered_again_after_its_deadline",
        ),
    ),
    Mutant(
        name="a message is delivered once more than allowed",
        where=_LOCAL,
        old="if attempt >= self._retry.attempts and delivery.subscription.dead_letter_topic:",
        new="if attempt > self._retry.attempts and delivery.subscription.dead_letter_topic:",
        tests=(
            "tests/contracts/test_bus.py::test_after_the_last_attempt_it_is_a_dead_letter_as_google_makes_it",
        ),
    ),
    Mutant(
        name="the back-off does not grow",
        where=_LOCAL,
        old="self.first_seconds * 2 ** (attempt - 1))",
        new="self.first_seconds)",
        tests=("tests/contracts/test_bus.py::test_back_off_doubles_up_to_the_maximum",),
    ),
    Mutant(
        name="delivery attempts start again after an acknowledgement only of the process",
        where=_LOCAL,
        old="        self._db.execute(parsed(statement), [key, attempts])\n",
        new="",
        tests=("tests/contracts/test_bus.py::test_delivery_attempts_are_counted_over_a_restart",),
    ),
    Mutant(
        name="an event that was acknowledged keeps its count of attempts",
        where=_LOCAL,
        old="        leased = self._leased.pop(number, None)\n        if leased:\n            self._counts.forget(leased[1].key)\n",
        new="        self._leased.pop(number, None)\n",
        tests=(
            "tests/contracts/test_bus.py::test_the_count_of_an_acknowledged_message_starts_again",
        ),
    ),
    Mutant(
        name="attempts are counted for all subscriptions together",
        where=_LOCAL,
        old='return f"{self.subscription.name}/{event}/{',
        new='return f"{event}/{',
        tests=("tests/contracts/test_bus.py::test_attempts_are_counted_for_each_subscription",),
    ),
    Mutant(
        name="an old signal is delivered again",
        where=_LOCAL,
        old="return delivery.subscription.is_signal and age > self._retry.signal_seconds",
        new="return delivery.subscription.is_signal and age < 0",
        tests=(
            "tests/contracts/test_bus.py::test_a_signal_is_not_delivered_again_after_ten_minutes",
        ),
    ),
    # BigQuery
    Mutant(
        name="a job of another caller counts as one's own",
        where=_GCP,
        old="            return self._existing(name), False\n",
        new="            return self._existing(name), True\n",
        tests=("tests/gcp/test_warehouse.py::test_a_done_job_of_another_caller_counts",),
    ),
    Mutant(
        name="the id of a failed job is used again",
        where=_GCP,
        old="return (job_try(job_id, number) for number in range(1, _MOST_TRIES + 1))",
        new="return (job_try(job_id, 1) for number in range(1, _MOST_TRIES + 1))",
        tests=("tests/gcp/test_warehouse.py::test_a_failed_id_is_used_up",),
    ),
    Mutant(
        name="a job that is still running has failed",
        where=_GCP,
        old='                raise Redeliver(f"job {name} is still running")\n',
        new="                break\n",
        tests=(
            "tests/gcp/test_warehouse.py::test_a_job_that_outlasts_the_time_budget_is_not_a_failure",
        ),
    ),
    Mutant(
        name="a failed job is taken for done",
        where=_GCP,
        old="job.exception() if job.error_result else None",
        new="job.exception() if job.error_result is None and job.errors else None",
        tests=("tests/gcp/test_warehouse.py::test_a_failed_id_is_used_up",),
    ),
    Mutant(
        name="the insert of a job is sent again",
        where=_GCP,
        old="script, config, job_id=name, retry=NEVER, job_retry=None, timeout=CALL_SECONDS",
        new="script, config, job_id=name, job_retry=None, timeout=CALL_SECONDS",
        tests=("tests/gcp/test_warehouse.py::test_a_job_is_requested_once",),
    ),
    Mutant(
        name="a load ignores lines that do not fit",
        where=_GCP,
        old="            max_bad_records=0,\n            ignore_unknown_values=False,\n",
        new="            max_bad_records=10,\n            ignore_unknown_values=False,\n",
        tests=("tests/gcp/test_warehouse.py::test_a_load_job_s_id_derives_from_its_objects",),
    ),
    Mutant(
        name="a load that runs twice adds its rows twice",
        where=_GCP,
        old="write_disposition=WriteDisposition.WRITE_TRUNCATE,",
        new="write_disposition=WriteDisposition.WRITE_APPEND,",
        tests=_BIGQUERY,
    ),
    Mutant(
        name="a query is answered from a cache",
        where=_GCP,
        old="use_query_cache=False,",
        new="use_query_cache=True,",
        tests=("tests/gcp/test_warehouse.py::test_every_job_has_labels_and_uses_no_cache",),
    ),
    Mutant(
        name="an aborted transaction is dead-lettered",
        where=_GCP,
        old='Rule("bigquery", _CALL, "invalidQuery", REDELIVER,\n         "also',
        new='Rule("bigquery", _CALL, "invalidQuery", DEAD_LETTER,\n         "also',
        tests=("tests/gcp/test_failures.py::test_an_error_of_a_service_is_translated",),
    ),
    Mutant(
        name="a job that ran and conflicted counts as done",
        where=_GCP,
        old='    Rule("bigquery:job", api.Conflict, "", REDELIVER, "runs again under the next suffix"),\n',
        new="",
        tests=("tests/gcp/test_failures.py::test_an_error_of_a_service_is_translated",),
    ),
    Mutant(
        name="an unknown outcome of a creation is a refusal",
        where=_GCP,
        old='    Rule("any", TimeoutError, "", REDELIVER,',
        new='    Rule("any", TimeoutError, "", REFUSED,',
        tests=("tests/gcp/test_failures.py::test_an_error_of_a_service_is_translated",),
    ),
    # The Storage Write API
    Mutant(
        name="rows that were refused count as appended",
        where=_GCP,
        old="                if reply.row_errors:\n",
        new="                if reply.row_errors and not reply.row_errors:\n",
        tests=(
            "tests/gcp/test_write_api.py::test_rows_that_the_service_refuses_are_dead_lettered",
        ),
    ),
    Mutant(
        name="an error in a reply counts as an acknowledgement",
        where=_GCP,
        old="                if reply.error.code:\n",
        new="                if reply.error.code < 0:\n",
        tests=(
            "tests/gcp/test_write_api.py::test_a_new_column_that_the_service_does_not_know_yet_is_waited_for",
        ),
    ),
    Mutant(
        name="a missing reply counts as an acknowledgement",
        where=_GCP,
        old='            if reply is None:\n                raise ConnectionResetError("the service closed the stream")\n',
        new="            if reply is None:\n                return AppendRowsResponse()\n",
        tests=("tests/gcp/test_write_api.py::test_a_broken_stream_is_opened_again_once",),
    ),
    Mutant(
        name="rows over the size of a request are dropped",
        where=_GCP,
        old="            yield part\n            part, size = [], 0\n",
        new="            part, size = [], 0\n",
        tests=("tests/gcp/test_write_api.py::test_many_rows_are_sent_in_several_requests",),
    ),
    Mutant(
        name="an invalid row is sent",
        where="troupe/backends/gcp/write_api.py",
        old="        for row in rows:\n            check_row(table, row)\n",
        new="",
        tests=("tests/gcp/test_write_api.py::test_an_invalid_row_is_not_sent",),
    ),
    # Cloud Storage
    Mutant(
        name="an object in Cloud Storage is overwritten",
        where=_GCP,
        old='            "if_generation_match": 0,\n',
        new="",
        tests=("tests/gcp/test_bucket.py::TestAsDocumented::test_equal_content_is_adopted",),
    ),
    Mutant(
        name="an object in Cloud Storage of other content is adopted",
        where=_GCP,
        old="if (blob.size, blob.checksum) != (source.size, source.checksum):",
        new="if blob.size != source.size:",
        tests=(
            "tests/gcp/test_bucket.py::TestAsDocumented::test_other_content_is_dead_lettered_and_nothing_overwritten",
        ),
    ),
    Mutant(
        name="an object that was damaged during the upload stays",
        where=_GCP,
        old="            self._remove(path, made.generation)\n",
        new="",
        tests=(
            "tests/gcp/test_bucket.py::test_an_object_that_was_damaged_during_the_upload_is_deleted",
        ),
    ),
    Mutant(
        name="a damaged download is read as it is",
        where=_GCP,
        old="        if blob.checksum != _checksum(checksum):\n",
        new="        if not blob.checksum:\n",
        tests=("tests/gcp/test_bucket.py::test_a_download_with_another_checksum_is_redelivered",),
    ),
    Mutant(
        name="another generation of an object is read",
        where=_GCP,
        old="pinned = self._client.bucket(bucket).blob(name, generation=blob.generation)",
        new="pinned = self._client.bucket(bucket).blob(name)",
        tests=("tests/gcp/test_bucket.py::test_a_deleted_generation_is_dead_lettered",),
    ),
    Mutant(
        name="each block but the first begins one byte late",
        where=_GCP,
        old="                    start=start,\n",
        new="                    start=start + (1 if start else 0),\n",
        tests=(
            "tests/gcp/test_bucket.py::TestAsDocumented::test_a_large_object_is_read_in_blocks",
        ),
    ),
    # Vertex
    Mutant(
        name="a creation is sent again",
        where=_GCP,
        old="                    batch_prediction_job=job,\n                    retry=None,\n",
        new="                    batch_prediction_job=job,\n                    retry=_AGAIN,\n",
        tests=(
            "tests/gcp/test_job_service.py::test_a_create_is_one_request_without_retry_and_with_a_timeout",
        ),
    ),
    Mutant(
        name="a creation may outlast its claim",
        where=_GCP,
        old="float(min(settings.policy.claim_seconds, CREATE_SECONDS))",
        new="float(max(settings.policy.claim_seconds, CREATE_SECONDS))",
        tests=(
            "tests/gcp/test_job_service.py::test_a_shorter_claim_shortens_the_timeout_of_the_creation",
        ),
    ),
    Mutant(
        name="a job with one of the labels is found",
        where=_GCP,
        old='return " AND ".join(f"labels',
        new='return " OR ".join(f"labels',
        tests=("tests/gcp/test_job_service.py::test_a_list_filters_by_all_labels",),
    ),
    Mutant(
        name="jobs of the second in which a claim was taken are not listed",
        where=_GCP,
        old="AND create_time>=",
        new="AND create_time>",
        tests=("tests/gcp/test_job_service.py::test_a_list_filters_by_label_and_by_time",),
    ),
    Mutant(
        name="an unknown state is an end",
        where=_GCP,
        old="        return JobState.UNSPECIFIED\n",
        new="        return JobState.FAILED\n",
        tests=("tests/gcp/test_job_service.py::test_an_unknown_state_is_not_an_end",),
    ),
    Mutant(
        name="a deleted job is an error",
        where=_GCP,
        old="            except api.NotFound:\n                return None\n",
        new="            except api.Conflict:\n                return None\n",
        tests=("tests/gcp/test_job_service.py::test_a_deleted_or_ended_job_is_not_an_error",),
    ),
    # Pub/Sub and the push service
    Mutant(
        name="the first event that is published answers for all",
        where=_GCP,
        old="for each in [self._send(*message_of(envelope)) for envelope in envelopes]:",
        new="for each in [self._send(*message_of(envelope)) for envelope in envelopes][:1]:",
        tests=(
            "tests/gcp/test_bus.py::test_a_publish_fails_when_one_of_its_events_may_be_unpublished",
        ),
    ),
    Mutant(
        name="a delivery that failed is acknowledged",
        where=_GCP,
        old="        if result.outcome is Outcome.REDELIVER:\n            return AGAIN\n",
        new="",
        tests=("tests/gcp/test_service.py::test_a_delivery_that_cannot_publish_is_redelivered",),
    ),
    Mutant(
        name="a poison message is acknowledged without a dead letter",
        where=_GCP,
        old="        if result.outcome is Outcome.DEAD_LETTER:\n",
        new="        if result.outcome is Outcome.WAIT:\n",
        tests=(
            "tests/gcp/test_service.py::test_a_poison_message_is_acknowledged_after_its_dead_letter_is_published",
        ),
    ),
    Mutant(
        name="a service takes the messages of another deployment",
        where=_GCP,
        old='if f"{settings.topic_prefix}{each.name}" == name and each.handler in settings.handlers:',
        new="if name.endswith(each.name) and each.handler in settings.handlers:",
        tests=("tests/gcp/test_service.py::test_a_subscription_of_another_deployment_is_refused",),
    ),
    Mutant(
        name="a service takes the messages of another handler",
        where=_GCP,
        old='if f"{settings.topic_prefix}{each.name}" == name and each.handler in settings.handlers:',
        new='if f"{settings.topic_prefix}{each.name}" == name:',
        tests=("tests/gcp/test_service.py::test_another_handler_s_subscription_is_refused",),
    ),
    Mutant(
        name="a replay for another handler is handled",
        where=_GCP,
        old="    if not is_addressed_to(message.topic, message.attributes, pushed.subscription.handler):\n        return True\n",
        new="",
        tests=(
            "tests/gcp/test_service.py::test_a_replay_for_another_handler_is_acknowledged_unhandled",
        ),
    ),
    Mutant(
        name="a redelivery is handled beside its first delivery",
        where=_GCP,
        old="            self._in_flight[key] = work\n",
        new="",
        tests=(
            "tests/gcp/test_service.py::test_a_delivery_over_its_time_budget_is_joined_by_its_redelivery",
        ),
    ),
)
