"""async-batch-llm: a checkpoint file, and an answer that is no valid JSON counts as a failure."""

import asyncio

from async_batch_llm import (
    ArtifactIdentity,
    JsonlArtifactStore,
    ProcessorConfig,
    ResumePolicy,
    llm,
    process_prompts,
)
from records import PROMPT, is_valid, read_records, task, write_stored


def parsed(response) -> str:
    """Return the answer. Raises `ValueError` for one that is not valid, so that it is retried."""
    if not is_valid(response.text):
        raise ValueError("no valid answer")
    return response.text


async def main() -> None:
    """Do the work and list the successful results."""
    given = task()
    store = JsonlArtifactStore(
        given.folder / "artifacts.jsonl",
        identity=ArtifactIdentity(provider="fake", model="fake", prompt_version="1"),
    )
    batch = await process_prompts(
        llm("openai-compatible:fake", base_url=given.url, api_key="none", response_parser=parsed),
        [(number, PROMPT + text) for number, text in read_records(given.folder)],
        config=ProcessorConfig(concurrency=given.concurrency),
        artifact_store=store,
        resume=ResumePolicy.REUSE_SUCCESSES,
    )
    write_stored(given.folder, [each.item_id for each in batch.results if each.success])


if __name__ == "__main__":
    asyncio.run(main())
