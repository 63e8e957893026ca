"""Curator (bespokelabs-curator): its cache in the folder, a schema for the answers."""

import os
from importlib.resources import files

from records import PROMPT, read_records, task, write_stored

GIVEN = task()
os.environ |= {
    "CURATOR_CACHE_DIR": str(GIVEN.folder / "cache"),
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "TELEMETRY_ENABLED": "0",
    "OPENAI_API_KEY": "none",
    "HF_HUB_OFFLINE": "1",
    # LiteLLM, which Curator installs, ships the tokenizer that would be downloaded.
    "TIKTOKEN_CACHE_DIR": str(files("litellm.litellm_core_utils") / "tokenizers"),
}

from bespokelabs import curator  # noqa: E402  (reads the environment)
from pydantic import BaseModel  # noqa: E402


class Review(BaseModel):
    """The part of the answer that is checked."""

    callSummary: str  # noqa: N815


class Reviewer(curator.LLM):
    """One prompt per record."""

    response_format = Review

    def prompt(self, record):
        return PROMPT + record["text"]

    def parse(self, record, response):
        return {"id": record["id"], "summary": response.callSummary}


def main() -> None:
    """Do the work and list the rows of the result."""
    reviewer = Reviewer(
        model_name="gpt-4o-mini",  # its name decides whether a schema is sent
        backend="openai",
        backend_params={
            "base_url": GIVEN.url,
            "api_key": "none",
            "max_concurrent_requests": GIVEN.concurrency,
            "max_requests_per_minute": 1_000_000,
            "max_tokens_per_minute": 1_000_000_000,
            "require_all_responses": False,
        },
    )
    records = [{"id": number, "text": text} for number, text in read_records(GIVEN.folder)]
    result = reviewer(records)
    rows = getattr(result, "dataset", result)
    write_stored(GIVEN.folder, [row["id"] for row in rows if row["summary"]])


if __name__ == "__main__":
    main()
