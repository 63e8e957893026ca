"""ondine: its checkpoints in the folder; an unfinished session is resumed, as its manual says."""

from pathlib import Path
from uuid import UUID

import pandas as pd
from ondine import PipelineBuilder
from pydantic import BaseModel
from records import PROMPT, read_records, task, write_stored


class Review(BaseModel):
    """The part of the answer that is checked."""

    callSummary: str  # noqa: N815


def main() -> None:
    """Do the work and list the rows with a summary."""
    given = task()
    frame = pd.DataFrame(read_records(given.folder), columns=["id", "text"])
    checkpoints = given.folder / "checkpoints"
    pipeline = (
        PipelineBuilder.create()
        .from_dataframe(frame, input_columns=["text"], output_columns=["callSummary"])
        .with_prompt(PROMPT + "{text}")
        .with_llm(
            provider="openai_compatible",
            model="fake",
            base_url=given.url,
            api_key="none",
            input_cost_per_1k_tokens=0,
            output_cost_per_1k_tokens=0,
        )
        .with_structured_output(Review, mode="json")
        .with_concurrency(given.concurrency)
        .with_checkpoint_dir(str(checkpoints))
        .with_checkpoint_interval(100)
        .with_error_policy("skip")
        .with_progress_mode("none")
        .build()
    )
    result = pipeline.execute(resume_from=session(checkpoints))
    rows = zip(frame["id"], result.data, strict=True)
    write_stored(given.folder, [number for number, row in rows if row.get("callSummary")])


def session(checkpoints: Path) -> UUID | None:
    """Return the id of the newest session with a checkpoint."""
    files = sorted(checkpoints.glob("checkpoint_*.json*"), key=lambda file: file.stat().st_mtime)
    return UUID(files[-1].name.removeprefix("checkpoint_").split(".")[0]) if files else None


if __name__ == "__main__":
    main()
