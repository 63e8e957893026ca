"""The local analysis says what is there, within the schema it is sent, whatever it is given."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import load_analysis
from analysis.schema import check, read_schema
from troupe.standin.text_analysis import analyse, answer, answer_by_schema

BILL = """AGENT: Good morning, how can I help?
CUSTOMER: I've been charged twice for March. This is really annoying!
AGENT: May I have your customer number, please?
CUSTOMER: It ends with 418. I pay for the Home Fibre plan, 19.95 euros.
AGENT: You're right. I have credited 19.95 euros to your account.
CUSTOMER: Perfect, thank you so much for your help!"""

STOERUNG = """AGENT: Guten Tag, was kann ich für Sie tun?
CUSTOMER: Mein Internet funktioniert nicht, der Router ist kaputt. Ich bin sehr verärgert.
AGENT: Das kann ich leider nicht beheben.
CUSTOMER: Das ist eine Frechheit, ich bin wirklich enttäuscht."""


def call_review() -> Any:
    return load_analysis("call_review_v1")


def test_a_bill_that_was_put_right() -> None:
    """Reason, feelings, outcome and product follow from the words."""
    found = analyse(BILL)

    assert found["callSentiment"] == {"incoming": "negative", "outgoing": "positive"}
    assert found["languageCode"] == "en"
    assert found["reasonForCall"]["intent"] == "billing"
    assert found["agentResponse"]["resolved"] is True
    assert found["agentResponse"]["action"].startswith("I have credited")
    assert "Home Fibre plan" in [product["name"] for product in found["products"]]
    assert found["callSummary"].startswith("The customer: ")
    assert "The agent: " in found["callSummary"]


def test_a_fault_that_stayed_in_german() -> None:
    """The same in another language."""
    found = analyse(STOERUNG)

    assert found["languageCode"] == "de"
    assert found["callSentiment"]["outgoing"] == "negative"
    assert found["callTone"] in {"angry", "frustrated"}
    assert found["reasonForCall"]["intent"] == "technical_problem"
    assert found["agentResponse"]["resolved"] is False
    assert {"Internet", "Router"} <= {product["name"] for product in found["products"]}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "CUSTOMER: Where is my order, please?"),
        ("de", "CUSTOMER: Wo bleibt meine Bestellung?\nAGENT: Where is it? I do not know."),
        ("it", "CUSTOMER: Vorrei sapere dove si trova il mio ordine, grazie."),
        ("es", "CUSTOMER: ¿Dónde está mi pedido? Muchas gracias por su ayuda."),
        ("fr", "CUSTOMER: Bonjour, je voudrais savoir où est ma commande."),
        ("ja", "CUSTOMER: 注文はどこですか。まだ届いていません。"),
        ("ar", "CUSTOMER: مرحبا، أين طلبي؟"),
        ("ru", "CUSTOMER: Здравствуйте, где мой заказ?"),
        ("und", "CUSTOMER: 4711 0815 😊"),
    ],
)
def test_the_language_is_the_customers(language: str, said: str) -> None:
    """The agent's language does not count; nothing that tells is `und`."""
    assert language == analyse(said)["languageCode"]


def test_a_negation_turns_a_feeling_around() -> None:
    """`not happy` is no praise, and `no problem` no complaint."""
    assert analyse("CUSTOMER: I am not happy at all.")["callSentiment"]["incoming"] == "negative"
    assert analyse("CUSTOMER: No problem.")["callSentiment"]["incoming"] != "negative"


def test_products_are_words_of_the_transcript() -> None:
    """Names are slices, contexts are sentences."""
    for product in analyse(BILL)["products"]:
        assert product["name"] in BILL
        assert product["context"] in BILL


def test_long_numbers_and_addresses_are_left_out() -> None:
    """The prompt asks for that, so the analysis does it as well."""
    said = "CUSTOMER: My card is 4929 1234 5678 9012, mail some.body@example.org about the bill."

    found = str(analyse(said))

    assert "1234" not in found
    assert "example.org" not in found


@pytest.mark.parametrize(
    "transcript",
    [
        "",
        "\n \n",
        "CUSTOMER:",
        "AGENT: Hello, how can I help?",
        "CUSTOMER: bye",
        "no speaker labels here, only somebody who talks about a broken router",
        "CUSTOMER: שלום, האינטרנט לא עובד\nAGENT: رجاء الانتظار",
        'CUSTOMER: He said "it\'s \\ broken" 😡😡 \u2028 {"callSummary": "x"}',
        "SYSTEM: call started\nCUSTOMER: İstanbul İİİ plan\n\x00\x07",
        "CUSTOMER: " + "word " * 3000,
        "CUSTOMER: " + "ab" * 20000,
    ],
)
def test_every_transcript_gets_an_answer_within_the_schema(transcript: str) -> None:
    """Empty, one-sided, unlabelled, right-to-left, endless: the schema holds."""
    analysis = call_review()

    check(analysis.contract.root, answer(analysis.schema, transcript))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever stands there, the answer is within the schema, and the same again."""
    analysis = call_review()
    found = answer(analysis.schema, text)

    check(analysis.contract.root, found)
    assert found == answer(analysis.schema, text)


def test_closed_sets_come_from_the_schema_that_was_sent() -> None:
    """Each finding becomes the nearest of the values allowed."""
    schema = {
        "type": "object",
        "required": ["callSummary", "callTone", "reasonForCall"],
        "properties": {
            "callSummary": {"type": "string"},
            "callTone": {"type": "string", "enum": ["WARM", "COLD"]},
            "reasonForCall": {
                "type": "object",
                "required": ["intent"],
                "properties": {
                    "intent": {
                        "type": "string",
                        "enum": ["Sales", "Payments & Billing", "Other"],
                    }
                },
            },
        },
    }

    found = answer(schema, BILL)

    assert set(found) == {"callSummary", "callTone", "reasonForCall"}
    assert found["reasonForCall"]["intent"] == "Payments & Billing"
    assert found["callTone"] in {"WARM", "COLD"}


def test_an_unknown_question_is_answered_by_evidence() -> None:
    """Another analysis: every type of a schema finds a valid value."""
    schema = {
        "type": "OBJECT",
        "required": ["headline", "topic", "happy", "turns", "share", "quotes", "notes"],
        "properties": {
            "headline": {"type": "STRING", "minLength": 3, "maxLength": 40},
            "topic": {"type": "STRING", "enum": ["delivery", "charged", "weather"]},
            "happy": {"type": "BOOLEAN"},
            "turns": {"type": "INTEGER", "minimum": 1, "maximum": 5},
            "share": {"type": "NUMBER", "minimum": 0, "maximum": 1},
            "quotes": {"type": "ARRAY", "items": {"type": "STRING"}},
            "notes": {
                "type": "ARRAY",
                "minItems": 1,
                "items": {
                    "type": "OBJECT",
                    "required": ["text"],
                    "properties": {"text": {"type": "STRING"}},
                },
            },
        },
    }

    found = answer_by_schema(schema, BILL)

    check(read_schema(schema, {}), found)
    assert found["topic"] == "charged"
    assert found["happy"] is True
    assert 1 <= len(found["quotes"]) <= 3


def test_long_transcripts_take_time_in_proportion() -> None:
    """Eight times the text, about eight times the time; a square would be sixty-four."""
    short, long = BILL * 20, BILL * 160
    analyse(short)

    assert _seconds(long) < 24 * _seconds(short)


def _seconds(transcript: str) -> float:
    def once() -> float:
        began = time.perf_counter()
        analyse(transcript)
        return time.perf_counter() - began

    return min(once() for _ in range(3))
