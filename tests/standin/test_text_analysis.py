"""The analysis by rules: its results, and answers within any schema for any transcript."""

import sys
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

FAULT_DE = """AGENT: Guten Tag, was kann ich für Sie tun?
CUSTOMER: Mein Internet funktioniert nicht, der Router ist kaputt. Ich bin sehr verärgert.
AGENT: Das kann ich leider nicht beheben.
CUSTOMER: Das ist eine Frechheit, ich bin wirklich enttäuscht."""


def call_review() -> Any:
    return load_analysis("call_review_v1")


def test_a_billing_error_that_was_solved() -> None:
    """Intent, sentiment, outcome and product are result by their words."""
    result = analyse(BILL)

    assert result["callSentiment"] == {"incoming": "negative", "outgoing": "positive"}
    assert result["languageCode"] == "en"
    assert result["reasonForCall"]["intent"] == "billing"
    assert result["agentResponse"]["resolved"] is True
    assert result["agentResponse"]["action"].startswith("I have credited")
    assert "Home Fibre plan" in [product["name"] for product in result["products"]]
    assert result["callSummary"].startswith("The customer: ")
    assert "The agent: " in result["callSummary"]


def test_a_fault_that_was_not_solved_in_german() -> None:
    """With German word lists."""
    result = analyse(FAULT_DE)

    assert result["languageCode"] == "de"
    assert result["callSentiment"]["outgoing"] == "negative"
    assert result["callTone"] in {"angry", "frustrated"}
    assert result["reasonForCall"]["intent"] == "technical_problem"
    assert result["agentResponse"]["resolved"] is False
    assert {"Internet", "Router"} <= {product["name"] for product in result["products"]}


@pytest.mark.parametrize(
    ("language", "transcript"),
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
def test_the_language_is_the_customers(language: str, transcript: str) -> None:
    """The agent's language does not count; without evidence it is `und`."""
    assert language == analyse(transcript)["languageCode"]


def test_a_negation_inverts_a_sentiment() -> None:
    """`not happy` is negative, and `no problem` is not."""
    assert analyse("CUSTOMER: I am not happy at all.")["callSentiment"]["incoming"] == "negative"
    assert analyse("CUSTOMER: No problem.")["callSentiment"]["incoming"] != "negative"


def test_products_are_words_of_the_transcript() -> None:
    """Names are slices of it, contexts are its sentences."""
    products = analyse(BILL)["products"]

    assert products
    for product in products:
        assert product["name"] in BILL
        assert product["context"] in BILL


def test_long_numbers_and_addresses_are_left_out() -> None:
    """As the prompt of call_review_v1 demands."""
    transcript = (
        "CUSTOMER: My card is 4929 1234 5678 9012, mail some.body@example.org about the bill."
    )

    result = str(analyse(transcript))

    assert "1234" not in result
    assert "example.org" not in result


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
    """Also an empty, one-sided, unlabelled, right-to-left or very long one."""
    analysis = call_review()

    check(analysis.contract.root, answer(analysis.schema, transcript))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gets_a_repeatable_valid_answer(text: str) -> None:
    """For random texts."""
    analysis = call_review()
    result = answer(analysis.schema, text)

    check(analysis.contract.root, result)
    assert result == answer(analysis.schema, text)


def test_enum_values_are_those_of_the_schema() -> None:
    """Each result becomes the nearest allowed value."""
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

    result = answer(schema, BILL)

    assert set(result) == {"callSummary", "callTone", "reasonForCall"}
    assert result["reasonForCall"]["intent"] == "Payments & Billing"
    assert result["callTone"] in {"WARM", "COLD"}


def test_an_unknown_schema_is_answered_from_the_transcript() -> None:
    """Every type of a schema gets a valid value."""
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

    result = answer_by_schema(schema, BILL)

    check(read_schema(schema, {}), result)
    assert result["topic"] == "charged"
    assert result["happy"] is True
    assert 1 <= len(result["quotes"]) <= 3


def test_long_transcripts_take_calls_in_proportion() -> None:
    """Eight times the text takes about eight times the calls; quadratic would be 64."""
    short, long = BILL * 20, BILL * 160
    analyse(short)

    assert _calls(long) < 10 * _calls(short)


def _calls(transcript: str) -> int:
    """Count the functions called, those of the interpreter included."""
    count = 0

    def note(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        analyse(transcript)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "transcript",
    [
        "CUSTOMER: It works now, that was all, thank you so much!",
        "it works now, thank you so much, that helps",
        "CUSTOMER: Perfect!\nAGENT:",
        "SYSTEM: your request has been resolved\nCUSTOMER: thanks for your help",
        "KUNDE: Das hat geholfen, vielen Dank für Ihre Hilfe!",
    ],
)
def test_a_call_in_which_no_agent_spoke_is_neither_solved_nor_unsolved(transcript: str) -> None:
    """Whatever the customer says."""
    assert analyse(transcript)["agentResponse"]["resolved"] is None
    assert answer(call_review().schema, transcript)["agentResponse"]["resolved"] is None


def test_a_call_without_a_cue_is_neither_solved_nor_unsolved() -> None:
    """Nothing is guessed from the tone."""
    result = analyse(
        "CUSTOMER: A table for two at eight.\nAGENT: Which evening?\nCUSTOMER: Monday."
    )

    assert result["agentResponse"]["resolved"] is None


def test_nothing_is_said_of_a_customer_who_was_silent() -> None:
    """Neither feelings nor a reason: the agent's words are not the customer's."""
    result = answer(call_review().schema, "AGENT: I am so sorry, the router is terrible! Hello?")

    names = ("callSentiment", "callSentimentSummary", "callTone", "reasonForCall")
    assert [None] * 4 == [result[name] for name in names]


@pytest.mark.parametrize("greeting", ["Hello", "Hi, how are you?", "Guten Tag", "Yes. Thanks, bye"])
def test_a_greeting_is_no_reason_for_a_call(greeting: str) -> None:
    """The customer said nothing else."""
    assert analyse(f"CUSTOMER: {greeting}\nAGENT: How can I help?")["reasonForCall"] is None


def test_a_schema_without_null_still_gets_a_truth() -> None:
    """Not solved, where nothing says so."""
    schema = {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}

    assert {"ok": False} == answer_by_schema(schema, "CUSTOMER: hello, my bill is wrong")


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("i want a decaf flat white please", "purchase"),
        ("We would like a train to Leeds", "booking"),
        ("Is it going to rain today", "product_question"),
        ("whats the forecast for monday", "product_question"),
        ("The life support is not functioning properly.", "technical_problem"),
        ("Someone transferred 500 dollars out of my account!", "fraud_or_loss"),
        ("Könnten Sie mir helfen? Ich hätte gern eine Pizza.", "purchase"),
        ("Blue, I think, the large one.", "other"),
    ],
)
def test_a_topic_without_a_cue_is_found_by_what_is_asked_for(said: str, intent: str) -> None:
    """A wish or a question; what is neither stays `other`."""
    assert intent == analyse(f"CUSTOMER: {said}")["reasonForCall"]["intent"]


def test_the_agents_words_tell_the_topic_when_the_customers_do_not() -> None:
    """Only then."""
    said = "CUSTOMER: It is about the letter.\nAGENT: I see, the invoice was charged twice."

    assert "billing" == analyse(said)["reasonForCall"]["intent"]
