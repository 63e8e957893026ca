"""Freeze the price table: from the package genai-prices to analysis/prices.json.

genai-prices is not a dependency, because past prices must not change with an update. Install its
newest version, run `python -m scripts.prices`, and review the difference before you commit it.
"""

import json
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent.parent / "analysis" / "prices.json"
NOT_FOR_TEXT = ("tts", "image", "live", "embedding")
_SCHEME = "https://"


def main() -> None:
    from genai_prices.data import providers

    google = next(each for each in providers if each.id == "google")
    models = {each.id: prices for each in google.models if (prices := priced(each))}
    page = google.pricing_urls[0].removeprefix(_SCHEME)
    note = {
        "unit": "US dollars for a million tokens; thought tokens are billed as output",
        "note": "Global rates. Listed are models with one batch rate for prompts of every size and"
        " no announced change of it; any other model has no price here, and its cost is unknown.",
        "source": f"{page}, Batch tab, as kept by genai-prices {version('genai-prices')}",
    }
    TABLE.write_text(json.dumps(note | {"models": models}, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{TABLE.name}: {', '.join(models)}\n")


def priced(model: Any) -> dict[str, Any] | None:
    """Online and batch rates of one model; None unless all are single numbers with a date."""
    variants = [v for v in model.price_variants or () if v.when == {"processing": "batch"}]
    if len(variants) != 1 or not model.id.startswith("gemini"):
        return None
    if any(word in model.id for word in NOT_FOR_TEXT):
        return None
    online, batch = _newest(model.prices), variants[0].prices
    rates = [online.input_mtok, online.output_mtok, online.cache_read_mtok]
    if any(not _is_plain(rate) for rate in [*rates, batch.input_mtok, batch.output_mtok]):
        return None
    # Without a batch rate for cached tokens the online rate applies.
    cached = batch.cache_read_mtok if batch.cache_read_mtok is not None else rates[2]
    return {
        "input": float(batch.input_mtok),
        "cached": float(cached),
        "output": float(batch.output_mtok),
        "online": {"input": float(rates[0]), "cached": float(rates[2]), "output": float(rates[1])},
        "as_of": variants[0].constraint.start_date.isoformat(),
    }


def _newest(prices: Any) -> Any:
    """The rates in force today, of a list with start dates."""
    if not isinstance(prices, list):
        return prices
    today = date.today()  # noqa: DTZ011
    begun = [p for p in prices if p.constraint is None or p.constraint.start_date <= today]
    return begun[-1].prices


def _is_plain(rate: Any) -> bool:
    """Whether the rate is one number, not a table by the size of the prompt."""
    return rate is not None and not hasattr(rate, "tiers")


if __name__ == "__main__":
    main()
