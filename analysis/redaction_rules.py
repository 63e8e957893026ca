"""The redaction rules that ship with Troupe. A test runs each in DuckDB and in Google's evaluator.

They see a text in NFC without full-width letters and foreign digits. Blanks and signs inside of a
number are those that people, telephones and speech services write.
"""

from typing import NamedTuple


class Rule(NamedTuple):
    """Replace each match of an RE2 pattern."""

    name: str
    pattern: str
    replacement: str


_UNSEEN = (
    r"\x{00AD}\x{061C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{FE0F}\x{FEFF}"
)
"""Characters that are not seen: soft hyphens, joiners, marks of direction."""
_BLANK = rf"\t \x{{00A0}}\x{{1680}}\x{{2000}}-\x{{200A}}\x{{202F}}\x{{205F}}\x{{3000}}{_UNSEEN}"
_LINE = r"\r\n\x{2028}\x{2029}"
_DASH = r"\x{002D}\x{2010}-\x{2015}\x{2212}\x{FE58}"
_SIGN = rf"{_BLANK}{_LINE}{_DASH}.,:/_*()\[\]…，、"
"""What may stand between the groups of a card or a telephone."""
_APART = f"[{_SIGN}]{{1,5}}"
_WIDE = f"[{_SIGN}]{{0,5}}"
_GAP = f"[{_BLANK}{_LINE}{_DASH}]{{0,3}}"
"""What may stand between any two digits of a card. No dot, comma and colon: dates, prices and times."""
_ANY = f"[{_BLANK}{_DASH}.]{{0,3}}"
_SOME = f"[{_BLANK}{_LINE}{_DASH}.,]{{1,3}}"
_N = "[0-9]"
_EDGE = rf"(?:(?:^|[^\pL\pM\pN{_BLANK}{_DASH}./,:]|(?:^|[^\pN])[,:])[{_BLANK}{_DASH}.]{{0,3}}|(?:[\pL\pM]\.?|[,:])[{_BLANK}]{{1,3}})"
"""Neither behind a digit nor at a letter: what begins with 0 there is a part of a card, date, price or code."""
_SPACE = f"[{_BLANK}]{{1,3}}"
_COMMA = f"[,{_BLANK}]{{1,3}}"
_WORD = r"[\pL\pM\pN'’.\x{002D}]+"

_COUNTRIES = (
    "AD|AE|AL|AT|AZ|BA|BE|BG|BH|BI|BR|BY|CH|CR|CY|CZ|DE|DJ|DK|DO|EE|EG|ES|FI|FK|FO|FR|GB|GE|GI|GL|GR|"
    "GT|HN|HR|HU|IE|IL|IQ|IS|IT|JO|KW|KZ|LB|LC|LI|LT|LU|LV|LY|MC|MD|ME|MK|MN|MR|MT|MU|NI|NL|NO|OM|PK|"
    "PL|PS|PT|QA|RO|RS|RU|SA|SC|SD|SE|SI|SK|SM|SO|ST|SV|TL|TN|TR|UA|VA|VG|XK|YE"
)
# Mastercard's 2221 to 2720: no years. The first four digits of 16, in one.
_CARD_FOUR = rf"(?:2(?:2[2-9]|[3-6]{_N}|7[0-2]){_N}|[4-6]{_N}{{3}}|3[05689]{_N}{{2}})"
_CARD = (
    rf"2{_GAP}(?:2{_GAP}[2-9]|[3-6]{_GAP}{_N}|7{_GAP}[0-2])(?:{_GAP}{_N}){{13}}"
    # From 14 digits on: an EAN has 13. With 35 from 16 on: an IMEI has 15.
    rf"|(?:[4-6]|3{_GAP}[046-9])(?:{_GAP}{_N}){{13,18}}|3{_GAP}[046-9](?:{_GAP}{_N}){{12}}"
    rf"|3{_GAP}5(?:{_GAP}{_N}){{14,17}}"
    rf"|{_CARD_FOUR}(?:{_APART}{_N}{{4}}){{3}}"
    rf"|3[04689]{_N}{{2}}{_APART}{_N}{{6}}{_APART}{_N}{{4}}|3[47]{_N}{{2}}{_APART}{_N}{{6}}{_APART}{_N}{{5}}"
    # Single digits, and pairs: a price such as 30,50 has no blank behind its comma
    rf"|[2-6](?:{_APART}{_N}){{13,18}}|(?:2[2-7]|[3-6]{_N})(?:,[{_BLANK}]{{1,2}}{_N}{{2}}){{7}}"
)
# The country codes of E.164 of two and three digits, and the number that follows
_U = f"[{_UNSEEN}]{{0,2}}"
_COUNTRY_CODE = (
    rf"2{_U}(?:[07]|[1-69]{_U}{_N})|3{_U}(?:[0-469]|[578]{_U}{_N})|4{_U}(?:[013-9]|2{_U}{_N})|5{_U}(?:[1-8]|0{_U}{_N})"
    rf"|6{_U}(?:[0-6]|[7-9]{_U}{_N})|8{_U}(?:[1246]|[578]{_U}{_N})|9{_U}(?:[0-58]|[679]{_U}{_N})"
)
_AFTER_PLUS = (
    rf"(?:(?:{_COUNTRY_CODE})(?:{_WIDE}0)?{_WIDE}[1-9](?:{_WIDE}{_N}){{4,12}}|[17]{_WIDE}[2-9](?:{_WIDE}{_N}){{9}}"
    rf"|[1-9](?:{_APART}{_N}){{7,14}})"
)
_IBAN_FOUR = rf"(?:{_ANY}[A-Z0-9]|[{_LINE}]{{1,2}}{_N})[A-Z0-9]{{3}}"
_LETTERED_BANKS = "bh|gb|gi|ie|lv|mt|nl|ro"
"""With a bank of four letters, which in small letters is a word elsewhere."""
_IBAN_SMALL = rf"(?:{_ANY}[a-z0-9]{{2}}{_N}{{2}}){{2,7}}(?:{_ANY}[a-z0-9]{{1,3}})?"
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
        rf"[\pL\pM\pN._%+'\x{{002D}}{_UNSEEN}]+[{_BLANK}]?@[{_BLANK}{_LINE}]{{0,3}}[\pL\pM\pN.\x{{002D}}{_UNSEEN}]+"
        # An ideographic full stop ends sentences too: behind it a name of a domain is in Latin letters.
        rf"(?:\.{_U}\pL[\pL\pM{_UNSEEN}]+|(?:[。｡][A-Za-z]{{2,63}})+)",
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
        rf"\b(?:(?:{_COUNTRIES}){_N}{{2}}(?:{_IBAN_FOUR}){{2}}(?:{_ANY}[A-Z0-9]{{3}}\b"
        rf"|(?:{_IBAN_FOUR}){{1,5}}(?:(?:{_ANY}[A-Z0-9]|[{_LINE}]{{1,2}}{_N})[A-Z0-9]{{0,2}})?)"
        rf"|(?:{_COUNTRIES.lower()}){_N}{{2}}[a-z0-9]{{11,30}}"
        rf"|(?:(?:{_COUNTRIES.lower()}){_N}{{2}}|(?:{_LETTERED_BANKS}){_N}{{2}}{_ANY}[a-z]{{4}}){_IBAN_SMALL})\b",
        "[IBAN]",
    ),
    Rule(
        "phone_international",
        # Neither 5+49 nor 12 + 345: a plus between digits adds
        rf"(?:(^|[^0-9])\+{_U}|((?:^|[^0-9{_BLANK}])[{_BLANK}]*)\+[{_SIGN}]{{1,3}}|({_EDGE})0{_GAP}0{_WIDE}|([,:])00){_AFTER_PLUS}\b",
        r"\1\2\3\4[PHONE]",
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
        rf"(?:\([2-9]{_N}{{2}}\)|\b[2-9]{_N}{{2}}){_WIDE}[2-9]{_N}{{2}}{_APART}{_N}{{4}}\b",
        "[PHONE]",
    ),
    Rule(
        "phone_national",
        rf"({_EDGE})(?:(?:\(0[1-9]{_N}{{1,4}}\)|0[1-9]{_N}{{1,4}}/?)(?:{_WIDE}{_N}){{5,9}}"
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
