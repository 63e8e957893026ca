"""The redaction rules that ship with Troupe. A test runs each in DuckDB and in Google's evaluator.

They see a text in NFC with ASCII digits. Blanks and signs inside of a number are those that people,
telephones and speech services write.
"""

from typing import NamedTuple


class Rule(NamedTuple):
    """Replace each match of an RE2 pattern."""

    name: str
    pattern: str
    replacement: str


_BLANK = r"\t \x{00A0}\x{00AD}\x{1680}\x{2000}-\x{200F}\x{202A}-\x{202F}\x{205F}-\x{2064}\x{3000}\x{FEFF}"
"""Blanks, and characters that are not seen: soft hyphens, joiners, marks of direction."""
_DASH = r"\x{002D}\x{2010}-\x{2015}\x{2212}\x{FE58}\x{FE63}\x{FF0D}"
_GAP = f"[{_BLANK}{_DASH}]{{0,3}}"
"""What may stand between two digits of a card or a telephone. No dot: a date has dots."""
_ANY = f"[{_BLANK}{_DASH}.]{{0,3}}"
_SOME = f"[{_BLANK}{_DASH}.]{{1,3}}"
_N = "[0-9]"
_EDGE = rf"(?:(?:^|[^\pL\pM\pN{_BLANK}{_DASH}./])[{_BLANK}{_DASH}.]{{0,3}}|[\pL\pM]\.?[{_BLANK}]{{1,3}})"
"""Neither behind a digit nor at a letter: what begins with 0 there is a part of a card, date or code."""
_SPACE = f"[{_BLANK}]{{1,3}}"
_COMMA = f"[,{_BLANK}]{{1,3}}"
_WORD = r"[\pL\pM\pN'’.\x{002D}]+"

_COUNTRIES = (
    "AD|AE|AL|AT|AZ|BA|BE|BG|BH|BI|BR|BY|CH|CR|CY|CZ|DE|DJ|DK|DO|EE|EG|ES|FI|FK|FO|FR|GB|GE|GI|GL|GR|"
    "GT|HN|HR|HU|IE|IL|IQ|IS|IT|JO|KW|KZ|LB|LC|LI|LT|LU|LV|LY|MC|MD|ME|MK|MN|MR|MT|MU|NI|NL|NO|OM|PK|"
    "PL|PS|PT|QA|RO|RS|RU|SA|SC|SD|SE|SI|SK|SM|SO|ST|SV|TL|TN|TR|UA|VA|VG|XK|YE"
)
_CARD = (
    # Mastercard's 2221 to 2720, but no year and few days of a month
    rf"2{_GAP}(?:2{_GAP}[2-9]|[3-6]{_GAP}{_N}|7{_GAP}[0-2])(?:{_GAP}{_N}){{13}}"
    rf"|[3-6](?:{_GAP}{_N}){{12,18}}"
    rf"|[2-6]{_N}{{3}}(?:[.,/]{_N}{{4}}){{3}}"
)
_SSN_AREA = r"(?:0(?:0[1-9]|[1-9][0-9])|[1-57-8][0-9]{2}|6(?:[0-57-9][0-9]|6[0-57-9]))"
_UK_POSTCODE = rf"[A-Z]{{1,2}}[0-9][A-Z0-9]?[{_BLANK}]{{0,2}}[0-9][A-Z]{{2}}"
_HOUSE = rf"{_N}{{1,4}}[a-zA-Z]?"
_DE_STREET = r"[\pL\pM.\x{002D}]*(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|[Ww]eg|[Pp]latz|[Aa]llee|[Gg]asse|[Rr]ing|[Dd]amm|[Uu]fer|[Hh]of|[Mm]arkt)"
_US_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|"
    "UT|V[AT]|W[AIVY]"
)

ENGLISH_NUMBERS = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|"
    "double|triple"
)
_DE_ONES = "eins|ein|zwei|zwo|drei|vier|fünf|fuenf|sechs|sieben|acht|neun"
_DE_TENS = "zwanzig|dreißig|dreissig|vierzig|fünfzig|fuenfzig|sechzig|siebzig|achtzig|neunzig"
GERMAN_NUMBERS = (
    f"null|(?:{_DE_ONES})und(?:{_DE_TENS})|{_DE_TENS}|zehn|elf|zwölf|zwoelf|dreizehn|vierzehn|fünfzehn|"
    f"fuenfzehn|sechzehn|siebzehn|achtzehn|neunzehn|hundert|doppelt|{_DE_ONES}"
)
_BETWEEN_WORDS = rf"[{_BLANK}{_DASH}\r\n,.;…]{{1,4}}"


def spoken(words: str, fillers: str) -> str:
    """Return the pattern of four or more of these words in a row, with fillers such as `uh` between."""
    between = f"{_BETWEEN_WORDS}(?:(?:{fillers}){_BETWEEN_WORDS})?"
    return rf"(?i)(^|[^\pL\pM\pN])(?:{words})(?:{between}(?:{words})){{3,}}($|[^\pL\pM\pN])"


_RULES = (
    Rule(
        "email",
        r"[\pL\pM\pN._%+'\x{002D}]+[ ]?@[ ]?[\pL\pM\pN.\x{002D}]+\.\pL[\pL\pM]+",
        "[EMAIL]",
    ),
    Rule(
        "email_spoken",
        rf"(?i)\b[a-z0-9][a-z0-9._\x{{002D}}]*(?:{_SPACE}(?:dot|punkt){_SPACE}[a-z0-9]+){{0,3}}{_SPACE}(?:at|ät){_SPACE}"
        rf"[a-z0-9\x{{002D}}]+(?:{_SPACE}(?:dot|punkt){_SPACE}|\.)"
        r"[a-z]{2,8}\b",
        "[EMAIL]",
    ),
    Rule(
        "iban",
        rf"\b(?:(?:{_COUNTRIES}){_N}{{2}}(?:{_ANY}[A-Z0-9]{{4}}){{2}}(?:{_ANY}[A-Z0-9]{{3}}\b"
        rf"|(?:{_ANY}[A-Z0-9]{{4}}){{1,5}}(?:{_ANY}[A-Z0-9]{{1,3}})?)"
        rf"|(?:{_COUNTRIES.lower()}){_N}{{2}}[a-z0-9]{{11,30}})\b",
        "[IBAN]",
    ),
    Rule(
        "phone_international",
        rf"(?:\+|({_EDGE})00){_ANY}[1-9](?:[()/]?{_ANY}[()/]?{_N}){{6,14}}\b",
        r"\1[PHONE]",
    ),
    Rule("payment_card", rf"\b(?:{_CARD})\b", "[CARD]"),
    Rule("us_social_security", rf"\b{_SSN_AREA}{_SOME}{_N}{{2}}{_SOME}{_N}{{4}}\b", "[SSN]"),
    Rule(
        "uk_national_insurance",
        rf"(?i)\b[a-ceghj-pr-tw-z]{_ANY}[a-ceghj-npr-tw-z](?:{_ANY}{_N}){{6}}{_ANY}[a-d]\b",
        "[NINO]",
    ),
    Rule(
        "phone_north_america",
        rf"(?:\([2-9]{_N}{{2}}\)|\b[2-9]{_N}{{2}}){_ANY}[2-9]{_N}{{2}}{_SOME}{_N}{{4}}\b",
        "[PHONE]",
    ),
    Rule(
        "phone_national",
        rf"({_EDGE})(?:(?:\(0[1-9]{_N}{{1,4}}\)|0[1-9]{_N}{{1,4}}/?)(?:{_GAP}{_N}){{5,9}}"
        rf"|0[1-9](?:[{_BLANK}{_DASH}.]{_N}{{2}}){{4}}|0(?:[{_BLANK}]{_N}){{8,11}})\b",
        r"\1[PHONE]",
    ),
    Rule(
        "address_uk",
        rf"\b{_HOUSE}(?:{_COMMA}{_WORD}){{1,6}}{_COMMA}{_UK_POSTCODE}\b"
        rf"|\b{_UK_POSTCODE}{_COMMA}(?:(?:house|flat|number|no\.?|at){_SPACE}){{0,3}}{_HOUSE}\b",
        "[ADDRESS]",
    ),
    Rule(
        "address_us",
        rf"\b{_N}{{1,6}}(?:{_COMMA}{_WORD}){{1,6}}{_COMMA}(?:{_US_STATES}){_COMMA}{_N}{{5}}(?:-{_N}{{4}})?\b",
        "[ADDRESS]",
    ),
    Rule(
        "address_de",
        rf"(?:(?:[AI][mn]|Auf|Zu[mr]){_SPACE}(?:de[mnr]{_SPACE})?)?(?:{_DE_STREET}|\p{{Lu}}[\pL\pM.\x{{002D}}]*){_SPACE}{_N}{{1,4}}[{_BLANK}]?[a-z]?,?{_SPACE}(?:in{_SPACE})?(?:D-)?{_N}{{5}}\b"
        rf"|\b{_N}{{5}}{_SPACE}{_WORD}{_COMMA}{_DE_STREET}{_SPACE}{_N}{{1,4}}\b",
        "[ADDRESS]",
    ),
    Rule(
        "numbers_spoken_en", spoken(ENGLISH_NUMBERS, "uh|um|er|and|then|mhm|hm|okay"), r"\1[NUMBER]\2"
    ),
    Rule(
        "numbers_spoken_de", spoken(GERMAN_NUMBERS, "äh|ähm|ehm|und|dann|mhm|hm|okay|ja"), r"\1[NUMBER]\2"
    ),
)  # fmt: skip

SHIPPED = {rule.name: rule for rule in _RULES}
"""By name, in the order in which they are best applied."""
DEFAULT = ("email", "iban", "phone_international", "payment_card")
"""What an analysis uses that lists no rules: numbers and addresses of every country."""
