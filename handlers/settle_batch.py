"""Decide after an attempt: the next attempt for open records, or the end of the batch. Pure."""

import msgspec

from events import BatchAbandoned, BatchCompleted, BatchPlanned, ResultsProcessed


def settle_batch(
    event: ResultsProcessed,
) -> tuple[BatchPlanned] | tuple[BatchCompleted] | tuple[BatchAbandoned]:
    if event.open:
        return (
            BatchPlanned(
                run_id=event.run_id,
                planned_on=event.planned_on,
                batch=event.batch,
                attempt=event.attempt + 1,
                records=event.open,
                not_before=event.not_before,
            ),
        )
    over = BatchCompleted(
        run_id=event.run_id,
        planned_on=event.planned_on,
        batch=event.batch,
        attempts=event.attempt,
        analysed=event.analysed,
        failed=event.failed,
        released=event.released,
    )
    if event.released or event.outcome == "refused":
        return (BatchAbandoned(**msgspec.structs.asdict(over), cause=event.cause),)
    return (over,)
