"""The address of an endpoint: what is accepted, and what is said about the rest."""

import pytest

from troupe.endpoint.address import address, shown

AZURE = "https://name.openai.azure.com"


@pytest.mark.parametrize(
    "base",
    [
        "http://127.0.0.1:8000/v1",
        "http://127.0.0.1:8000/v1/",
        "http://127.0.0.1:8000/v1/chat/completions",
    ],
)
def test_the_address_goes_up_to_the_version(base: str) -> None:
    """The whole path of a request is accepted too."""
    found = address(base, "m", "k", None)

    assert "http://127.0.0.1:8000/v1/chat/completions" == found.chat
    assert "http://127.0.0.1:8000/v1/models" == found.models
    assert {"Authorization": "Bearer k"} == found.header


@pytest.mark.parametrize(
    "base",
    [AZURE, f"{AZURE}/", f"{AZURE}/openai", f"{AZURE}/openai/deployments/small%20one"],
)
def test_an_api_version_makes_it_azures(base: str) -> None:
    """The deployment is a part of the path, the version of the query; the key has its own header."""
    found = address(base, "small one", "k", "2024-10-21")

    assert (
        f"{AZURE}/openai/deployments/small%20one/chat/completions?api-version=2024-10-21"
        == found.chat
    )
    assert f"{AZURE}/openai/models?api-version=2024-10-21" == found.models
    assert {"api-key": "k"} == found.header


@pytest.mark.parametrize("key", [None, "", "  \n"])
def test_without_a_key_no_header_is_sent(key: str | None) -> None:
    """A local server needs none."""
    assert {} == address("http://x/v1", "m", key, None).header


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("file:///etc/passwd", "must begin with http"),
        ("127.0.0.1:8000/v1", "must begin with http"),
        ("", "must begin with http"),
        ("http://", "names no host"),
        ("http:///v1", "names no host"),
        ("http://x:99999/v1", "[Pp]ort"),
        ("http://x:port/v1", "[Pp]ort"),
        ("http://[::1/v1", "IPv6"),
        ("http://x/a b", "blank"),
        ("http://x/v1\n", "blank"),
        ("http://user:s3cret@x/v1", "TROUPE_MODEL_KEY"),
        ("https://x/v1?api-version=2024-10-21&key=s3cret", "--model-api-version"),
        ("http://x/v1#s3cret", "--model-api-version"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(base: str, why: str) -> None:
    """With a reason that holds no secret, as the shown address does not."""
    with pytest.raises(ValueError, match=why) as raised:
        address(base, "m", None, None)

    assert "s3cret" not in f"{raised.value}{shown(base)}"


@pytest.mark.parametrize("version", ["", "2024 10", "x&y=1", "x" * 50, "2024-10-21\n"])
def test_an_api_version_must_look_like_one(version: str) -> None:
    """It becomes a part of the address."""
    with pytest.raises(ValueError, match="api-version"):
        address(AZURE, "m", None, version)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "nul\0"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    """Without printing it: a library's own message would quote it."""
    with pytest.raises(ValueError, match="TROUPE_MODEL_KEY") as raised:
        address("http://x/v1", "m", key, None)

    assert key not in str(raised.value)


def test_the_key_is_not_shown_with_the_address() -> None:
    """In a traceback or a log."""
    assert "s3cret" not in repr(address("http://x/v1", "m", "s3cret", None))
