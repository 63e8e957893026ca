"""What identifies a person does not get into the answers of the stand-in."""

import json

import pytest

from troupe.standin.text_analysis import analyse, answer_by_schema
from troupe.standin.text_analysis.personal_spans import masked


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Write to jo.doe@example.org today.", "Write to … today."),
        ("It is jo dot doe at example dot org", "It is jo dot …"),
        ("Call 07700 900 123 now.", "Call … now."),
        ("The number is +49 (0)30 1234-567.", "The number is +…."),
        ("My card: 4929 1234 5678 9012", "My card: …"),
        ("Born on 11/05/1990 in Leeds", "Born on … in Leeds"),
        ("It is seven four two nine one", "It is …"),
        ("Order AB-12345-X please", "Order … please"),
        ("My pin is 5380 thanks", "My pin is … thanks"),
        ("I live at 12 Mill Lane, Leeds.", "I live at …."),
        ("It is at 191 Histon Road today", "It is at … today"),
        ("The address is 33 Bridge Street City Centre, C.B 2, 1 U.W", "The address is …"),
        ("Send it to CB2 1AB please", "Send it to … please"),
        ("Ich wohne in der Hauptstraße 5, 10115 Berlin.", "Ich wohne in …."),
        ("Die Lieferung geht an die Lindenallee 7 b.", "Die Lieferung geht an die …."),
        ("Abito in via Garibaldi 12", "Abito in …"),
        ("Vivo en la Calle Mayor 3", "Vivo en …"),
        ("J'habite 4 rue de la Paix", "J'habite …"),
    ],
)
def test_addresses_and_numbers_are_masked(text: str, without: str) -> None:
    """In five languages, also in the form in which people speak."""
    assert without == masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "I paid 19.95 euros on May 3rd at 10:30.",
        "Two tickets for 4 people on the 12th of May",
        "It is 5 minutes down the road",
        "My iPhone 15 has 256 GB",
        "The rate is 3.5 % for 24 months",
        "One or two of us, maybe three",
    ],
)
def test_amounts_and_times_are_left(text: str) -> None:
    """They are what a call is about."""
    assert text == masked(text)


@pytest.mark.parametrize(
    ("transcript", "names"),
    [
        ("CUSTOMER: Hi, this is Jane Doe and I need to book a table.", "Jane Doe"),
        ("CUSTOMER: my name is alexis and my bill is wrong, says alexis", "alexis"),
        ("AGENT: Your name, please?\nCUSTOMER: Sarah Brown\nAGENT: Hi Sarah, it is fixed.", "Sarah Brown"),
        ("AGENT: May I have your full name?\nCUSTOMER: sure, it is Mona van Dyke", "Mona Dyke"),
        ("CUSTOMER: Dr. Morgan was late, I saw Mrs Fisher at the clinic.", "Morgan Fisher"),
        ("AGENT: Hello Tom, I have changed it.\nCUSTOMER: It works now.", "Tom"),
        ("KUNDE: Mein Name ist Jürgen Weiß, die Rechnung ist falsch.", "Jürgen Weiß"),
        ("AGENT: Wie ist Ihr Nachname? Und der Name?\nKUNDE: Öztürk", "Öztürk"),
        ("CLIENTE: Mi chiamo Chiara Rossi, la bolletta è sbagliata.", "Chiara Rossi"),
        ("CLIENTE: Me llamo Pilar García y la factura está mal.", "Pilar García"),
        ("CLIENT: Je m'appelle Zoé Blanc, la facture est fausse.", "Zoé Blanc"),
    ],
)  # fmt: skip
def test_a_name_is_in_no_value_of_an_answer(transcript: str, names: str) -> None:
    """Wherever else it stands."""
    schema = {"type": "object", "required": ["quote"], "properties": {"quote": {"type": "string"}}}
    said = json.dumps(
        [analyse(transcript), answer_by_schema(schema, transcript)], ensure_ascii=False
    )

    assert [] == [name for name in names.split() if name in said]


def test_a_word_that_is_a_name_elsewhere_is_left_as_a_word() -> None:
    """In lower case `brown` is a colour; the days of a week are no names."""
    said = "AGENT: Your name?\nCUSTOMER: Ann Brown\nCUSTOMER: This is Monday, the brown boots are broken."

    context = analyse(said)["products"][0]["context"]

    assert "This is Monday, the brown boots are broken." == context
