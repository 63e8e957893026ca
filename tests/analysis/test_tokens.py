"""Tokens of a text, estimated; the expected counts are those of the tokenizer of Gemma 3."""

import pytest

from analysis.tokens import Range, token_range, token_range_of_all

CALL = (
    "AGENT: Thanks for calling, what can I do for you today?\n"
    "CUSTOMER: My booking is gone, the number was 48213.\n"
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (CALL, 33),
        ("Ich möchte meine Bestellung stornieren, weil sie nicht angekommen ist.", 15),
        ("Je voudrais annuler ma commande, parce que vous ne répondez pas.", 16),
        ("Chcę anulować zamówienie, ponieważ przesyłka nie dotarła.", 16),
        ("Haluaisin perua tilaukseni, koska paketti ei ole saapunut.", 19),
        ("Я хочу отменить заказ, потому что посылка не пришла.", 14),
        ("मैं अपना ऑर्डर रद्द करना चाहता हूँ क्योंकि पैकेज नहीं आया।", 12),
        ("荷物が届いていないので、注文をキャンセルしたいです。", 13),
        ("אני רוצה לבטל את ההזמנה כי החבילה לא הגיעה.", 20),
    ],
)
def test_the_range_contains_what_a_tokenizer_counts(text: str, tokens: int) -> None:
    """In languages of many scripts."""
    low, high = token_range(text)

    assert low <= tokens <= high


def test_english_is_estimated_closely() -> None:
    """The ends are less than a fifth apart."""
    low, high = token_range(CALL)

    assert high < 1.2 * low


def test_an_empty_text_takes_no_token() -> None:
    """Nor do no texts."""
    assert Range(0, 0) == token_range("") == token_range_of_all([])


def test_texts_are_added_up() -> None:
    """Each end for itself."""
    one, two = token_range(CALL), token_range("Chcę anulować")

    assert Range(one.low + two.low, one.high + two.high) == token_range_of_all(
        [CALL, "Chcę anulować"]
    )
