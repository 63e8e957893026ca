"""Mask what identifies a person in a text: names, addresses, e-mail, and numbers.

Word lists and patterns for five languages. They mask too much rather than too little: a street
without a number, a code that is none. Prices, times and dates without a year are left.
"""

import re
from collections.abc import Iterator, Sequence, Set

from troupe.standin.text_analysis.conversation import Sentence, Side, replace_words, words

MASK = "…"
_SHORT_REPLY = 5
"""Words of a reply to the question for a name that are all taken for the name."""


def _either(listed: str) -> str:
    """A pattern for the entries of a comma-separated list, in any case."""
    entries = (each.strip() for each in listed.replace(".", r"\.").split(","))
    return f"(?i:{'|'.join(each.replace(' ', '[ ]+') for each in entries)})"


_NAME = r"[A-ZÀ-ÖØ-ÞŠŽŁ][a-zß-ÿ'’][\w'’-]*"
_NAMES = rf"{_NAME}(?: (?:(?:van|von|de|del|della|di|da|le|der) ){{0,2}}{_NAME}){{0,3}}"
_INTRODUCTION = _either(
    "my name is, my name's, first name is, last name is, full name is, name is, name, call me,"
    " speaking with, speaking to, mein name ist, name ist, nachname ist, vorname ist, ich heiße,"
    " ich heisse, mi chiamo, il mio nome è, me llamo, mi nombre es, je m'appelle, mon nom est"
)
_I_AM = _either("this is, i'm, i am, am, name's, hier ist, hier spricht, sono, soy, habla, je suis")
_TITLE = _either(
    "mr, mrs, ms, miss, dr, prof, herr, herrn, frau, signor, signora, sig, señor, señora, sr, sra,"
    " don, doña, monsieur, madame, mme, mlle, captain, officer"
)
_GREETING = _either(
    "hi, hello, hey, dear, thanks, thank you, thank you so much, hallo, danke, ciao, salve, grazie,"
    " hola, gracias, bonjour, merci, okay, great, perfect"
)
_NAMED = _either(
    "name, names, surname, namen, nachnamen, nome, cognome, nombre, apellido, nom, prénom"
)

_INTRODUCED = re.compile(rf"\b{_INTRODUCTION}:?[ ]+({_NAMES}|[^\W\d_]{{2,}})")
_SAID = re.compile(rf"\b{_I_AM}[ ]+({_NAMES})")
_TITLED = re.compile(rf"\b{_TITLE}\.?[ ]+({_NAME}(?: {_NAME})?)")
_GREETED = re.compile(rf"^{_GREETING},?[ ]+({_NAME}(?: {_NAME})?)(?=[ ]*(?:[.,!?]|$))")
_CUES = frozenset(
    words(
        "name name's call speaking lautet heiße heisse chiamo nome llamo nombre appelle nom this i'm"
        " am hier sono soy habla suis mr mrs ms miss dr prof herr herrn frau signor signora sig señor"
        " señora sr sra don doña monsieur madame mme mlle captain officer"
    )
)
"""A word of each pattern, so that most sentences are not searched."""
_DAYS = frozenset(
    words(
        "monday tuesday wednesday thursday friday saturday sunday january february march april may"
        " june july august september october november december"
    )
)
_ASKS_FOR_NAME = re.compile(rf"\b{_NAMED}\b")

_DIGIT_WORD = _either(
    "zero, oh, one, two, three, four, five, six, seven, eight, nine, double, null, eins, zwei, zwo,"
    " drei, vier, fünf, sechs, sieben, acht, neun, uno, due, tre, quattro, cinque, sei, sette, otto,"
    " nove, cero, dos, tres, cuatro, cinco, seis, siete, ocho, nueve, deux, trois, quatre, cinq, huit"
)
_STREET_TYPE = _either(
    "street, st, road, rd, avenue, ave, lane, ln, drive, dr, way, court, ct, boulevard, blvd, place,"
    " close, crescent, square, terrace, highway, parkway, row, hill, gardens, parade, passage, quay"
)
_OF_A_PERSON = (
    r"[^\s@]+@[^\s@]+",
    r"(?i:\b[\w.+-]+ at [\w-]+ dot \w+|\b(?:https?://|www\.)\S+)",
    rf"\b{_DIGIT_WORD}(?:[ ,-]+{_DIGIT_WORD}){{3,}}\b",
    rf"\b(?:{_NAME} ){{1,3}}(?i:street|road|avenue|lane|boulevard|crescent|terrace)\b(?: City Cent(?:re|er))?",
    r"\b[A-ZÄÖÜ][\w-]*(?:straße|strasse|gasse|allee)\b(?: \d{1,4} ?[a-z]?\b)?",
    (
        rf"\b(?i:via|viale|corso|piazza|vicolo|calle|avenida|paseo|rue|boulevard|chemin|impasse)"
        rf"(?: (?:de|del|della|dei|la|du|des|l'|d'))*[ ]*(?:{_NAME}[ ]?){{1,4}}"
        r"(?:,? ?(?:n[.ºo°]? ?)?\d{1,4}\b)?"
    ),
)  # fmt: skip
_WITH_DIGITS = (
    # an address is given, whatever it looks like
    (
        r"(?i:\b(?:address|postcode|post code|zip code|adresse|anschrift|postleitzahl|indirizzo|codice postale"
        r"|dirección|code postal)\b[^.!?\d]{0,40} (?:is|are|ist|lautet|è|es|est|:) )(?P<rest>[^!?]+)"
    ),
    r"(?i:\b(?:live|lives|located|wohne|wohnt|abito|vivo|habite) (?:at|in|an|am|à|en) )(?=[^.!?]*\d)(?P<rest>[^.!?]+)",
    rf"\b\d{{1,5}}[a-zA-Z]?,? (?:(?!minute|hour|mile|block|day|the\b|of\b)[\w'’.-]+ ){{1,4}}{_STREET_TYPE}\b\.?",
    r"\b[A-ZÄÖÜ][\w-]*(?:weg|platz|ring|ufer|damm|str\.) \d{1,4} ?[a-z]?\b",
    r"\b\d{1,4},? (?:bis |ter )?(?i:rue|avenue|boulevard|place|chemin|allée|impasse|quai) [^.,!?]{2,40}",
    r"(?i:\b[a-z]\.?[a-z]?\.? ?\d{1,2}[a-z]?,? ?\d ?[a-z]\.? ?[a-z]\b\.?)",
    # codes with letters, and numbers: of seven digits with blanks or signs, of five without
    r"\b(?=[\w-]*\d[\w-]*\d[\w-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z\d][\w-]{4,}",
    r"(?:\d[ ()/.-]{0,2}){6,}\d",
    r"\b\d{5,}\b",
    r"(?i:\b(?:pin|code|passcode|password|cvv|cvc|passwort|kennwort|contraseña|clave)\b[^.!?\d]{0,20})(?P<rest>\d{3,})",
)
_PATTERNS = tuple(map(re.compile, _OF_A_PERSON))
_DIGIT_PATTERNS = tuple(map(re.compile, _WITH_DIGITS))
_DIGIT = re.compile(r"\d")
_MASKS = re.compile(rf"{MASK}(?:[\s,.-]*{MASK})+")


def masked(text: str, names: Set[str] = frozenset()) -> str:
    """The text with a mask in place of each span that identifies a person."""
    if _DIGIT.search(text):
        for pattern in _DIGIT_PATTERNS:
            text = pattern.sub(_mask_rest, text)
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    if names:
        text = replace_words(text, lambda word: MASK if word in names else word)
    return _MASKS.sub(MASK, text)


def _mask_rest(match: re.Match[str]) -> str:
    """Keep what introduces the span."""
    rest = match.groupdict().get("rest")
    return MASK if rest is None else match[0].removesuffix(rest) + MASK


def names_in(sentences: Sequence[Sentence], common: Set[str]) -> frozenset[str]:
    """The words of all names of persons, as they are written; none that is `common`."""
    found = {word for name in _names(sentences) for word in name.replace("’", "'").split()}
    if not found:
        return frozenset()
    other = common | _DAYS
    return frozenset(word for word in found if len(word) > 1 and word.lower() not in other)


def _names(sentences: Sequence[Sentence]) -> Iterator[str]:
    asked = False
    for sentence in sentences:
        text = sentence.text
        if not _CUES.isdisjoint(sentence.words):
            for pattern in (_INTRODUCED, _SAID, _TITLED):
                yield from (match[1] for match in pattern.finditer(text))
        if sentence.side is Side.AGENT:
            greeted = _GREETED.match(text)
            if greeted:
                yield greeted[1]
            asked = _ASKS_FOR_NAME.search(text) is not None
        elif asked:
            yield from _reply(text, len(sentence.words))
            asked = False


def _reply(text: str, length: int) -> list[str]:
    """The name in the reply to a question for it."""
    if length <= _SHORT_REPLY:
        return re.findall(r"[^\W\d_][\w'’-]*", text)
    return re.findall(rf"(?<!^){_NAME}", text)
