"""Names of columns and properties, compared without case, `_`, `-` and blanks."""

from functools import lru_cache


@lru_cache(maxsize=10_000)
def plain(name: str) -> str:
    """Return the letters and digits of a name in lower case.

    >>> plain("Interaction-ID"), plain("interaction_id")
    ('interactionid', 'interactionid')
    """
    return "".join(sign for sign in name.casefold() if sign.isalnum())
