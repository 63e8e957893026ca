"""Which location of Vertex AI offers which model, as far as it is known; the rest is unknown.

places.json holds what Google documents and what others report, each row with date and source.
"""

import re
from functools import cache
from importlib.resources import files

import msgspec

ANY, REGION = "any", "region"
"""Stand in places.json for every location, and for every single region."""
_OF_GOOGLE = "publishers/google/models/"
_REGION = re.compile(r"[a-z]+-[a-z]+\d+")
_CONTINENTS = {"europe": "eu", "us": "us"}
"""The multi-region of a region, by the first word of its name."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a model is offered in a location, by one source."""

    model: str
    place: str
    """A location of Vertex AI, `region` or `any`."""
    offered: bool
    as_of: str
    """Date of the source, YYYY-MM-DD."""
    source: str
    batch: bool = False
    """The source saw batch prediction; otherwise online answers."""
    instead: str = ""
    """The model that replaces a retired one."""


class _Offers(msgspec.Struct, frozen=True, kw_only=True):
    note: str
    offers: list[Offer]


def offer_of(model: str, place: str) -> Offer | None:
    """Return what is known of a model in a location; None for a model or location that is not listed.

    A model of one's own, such as a tuned one or an endpoint, is not listed. Nothing is known of an
    empty location, where another service answers.
    """
    if not place:
        return None
    kind = REGION if _REGION.fullmatch(place) else place
    rows = {row.place: row for row in offers() if row.model == _name(model)}
    return next((rows[each] for each in (place, kind, ANY) if each in rows), None)


def not_offered(model: str, place: str) -> str | None:
    """Say that a location does not offer a model, and what to use; None where it may offer it."""
    offer = offer_of(model, place)
    if offer is None or offer.offered:
        return None
    if offer.instead:
        return f"{offer.model} was retired on {offer.as_of}: use {offer.instead}"
    use = " or ".join(_better_places(offer.model, place)) or "another model"
    return (
        f"{offer.model} is not offered in {place} ({offer.as_of}, {offer.source}): "
        f"use vertex_location {use}"
    )


def refusal_advice(cause: str, model: str, place: str) -> str:
    """Say what to do about a job that the service refused for this cause; empty for another cause.

    `place` is empty where nothing is known of the service's models.
    """
    if cause != "model_not_found":
        return ""
    return not_offered(model, place) or (
        f"the service knows no model {model}{f' in {place}' if place else ''}: correct the model of "
        "the request or the analysis, or vertex_location"
    )


def _better_places(model: str, place: str) -> list[str]:
    """The locations that offer a model, the one around this region first, and no other continent."""
    found = {row.place for row in offers() if row.model == model and row.offered}
    around = _CONTINENTS.get(place.partition("-")[0])
    notes = {"global": "global (transcripts may then be processed in any country)"}
    return [notes.get(each, each) for each in (around, "global") if each in found]


def _name(model: str) -> str:
    name = model.removeprefix(_OF_GOOGLE)
    return "" if "/" in name else name


@cache
def offers() -> list[Offer]:
    """Return every row of the table."""
    text = files(__package__).joinpath("places.json").read_bytes()
    return msgspec.json.decode(text, type=_Offers).offers
