"""Generate turns of conversations with labelled personal data, and turns that only look like it.

Everything is invented, and derives from a seed. A few values of each kind are written as no rule
expects them.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from troupe.demo_data.calls import call

LANGUAGES = ("en", "de", "es", "fr", "it")
_ODD = 0.01
"""Share of values in a writing that no rule is made for."""


class Turn(NamedTuple):
    """One turn; `value` stands between `before` and `after`, and is empty in a turn without one."""

    language: str
    label: str
    before: str
    value: str
    after: str

    @property
    def text(self) -> str:
        return self.before + self.value + self.after


def turns(language: str, number: int, seed: int = 0) -> Iterator[Turn]:
    """Yield so many turns with a value for each label of the language, and as many without."""
    rng = random.Random(f"{language}-{seed}")
    for _ in range(number):
        for label, write in _VALUES[language].items():
            yield _turn(rng, language, label, write(rng))
        for _ in range(2):
            yield _turn(rng, language, "", rng.choice(_LOOKALIKES[language])(rng))
        if language in ("en", "de"):
            spoken = call(language, rng, chat=rng.random() < 0.5, outbound=False)
            yield from (Turn(language, "", line, "", "") for line in spoken.splitlines())


def _turn(rng: random.Random, language: str, label: str, value: str) -> Turn:
    before, _, after = rng.choice(_CARRIERS[language]).partition("{}")
    return Turn(language, label, f"CUSTOMER: {before}", value, after)


_CARRIERS = {
    "en": ["It is {}.", "Sure, {}, did you get that?", "My details: {}", "{} is the one.", "Hm ({})."],
    "de": ["Das ist {}.", "Ja, {}, haben Sie das?", "Meine Angaben: {}", "{} ist es.", "Hm ({})."],
    "es": ["Es {}.", "Claro, {}, ¿lo tiene?", "Mis datos: {}", "{} es.", "A ver ({})."],
    "fr": ["C'est {}.", "Oui, {}, vous avez noté ?", "Mes données : {}", "{} voilà.", "Bon ({})."],
    "it": ["È {}.", "Certo, {}, ha scritto?", "I miei dati: {}", "{} è questo.", "Allora ({})."],
}  # fmt: skip


def _digits(rng: random.Random, number: int) -> str:
    return "".join(rng.choices("0123456789", k=number))


def _grouped(
    rng: random.Random, digits: str, sizes: tuple[int, ...], signs: str = " -\u00a0"
) -> str:
    sign = rng.choice(signs)
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return sign.join(part for part in [*parts, digits[at:]] if part)


def _luhn(digits: str) -> str:
    doubled = (int(d) * (2 if at % 2 else 1) for at, d in enumerate(reversed(digits), start=1))
    return digits + str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


def _card(rng: random.Random) -> str:
    kind = rng.choice(("4", "4", "5", "2", "3"))
    if kind == "3":
        number = _luhn(rng.choice(("34", "37")) + _digits(rng, 12))
        return rng.choice((number, _grouped(rng, number, (4, 6, 5))))
    start = {"4": "4", "5": f"5{rng.randint(1, 5)}", "2": str(rng.randint(2221, 2720))}[kind]
    number = _luhn(start + _digits(rng, 15 - len(start)))
    if rng.random() < _ODD:
        return f"{number[:8]} then {number[8:]}"
    return rng.choice(
        (
            number,
            _grouped(rng, number, (4, 4, 4, 4)),
            _grouped(rng, number, (4, 4, 4, 4), "."),
            _grouped(rng, number, (2,) * 8),
            " ".join(number),
            number[:4] + " - " + number[4:8] + " - " + number[8:12] + " - " + number[12:],
            ", ".join(number),
            rng.choice((", ", "\n", "_", ":", "... ")).join(
                number[at : at + 4] for at in (0, 4, 8, 12)
            ),
        )
    )


_IBANS = {"DE": "18n", "GB": "4a14n", "FR": "20n1a2n", "ES": "20n", "IT": "1a22n", "NL": "4a10n", "NO": "11n", "AT": "16n", "CH": "17n", "PL": "24n"}  # fmt: skip


def _iban(rng: random.Random) -> str:
    country = rng.choice(list(_IBANS))
    body, number = "", ""
    for sign in _IBANS[country]:
        if sign.isdecimal():
            number += sign
        else:
            body += (
                _digits(rng, int(number))
                if sign == "n"
                else "".join(rng.choices("ABCDEFGHJKLMNPRSTUVWX", k=int(number)))
            )
            number = ""
    whole = f"{country}{_digits(rng, 2)}{body}"
    if rng.random() < _ODD:
        return _grouped(rng, whole, (2,) * 20, " ")
    return rng.choice(
        (whole, _grouped(rng, whole, (4,) * 9), _grouped(rng, whole, (4,) * 9, " "), whole.lower())
    )


_NAMES = (
    "anna",
    "j.smith",
    "bob_jones",
    "m-keller",
    "Laura.Rossi",
    "jürgen",
    "pierre99",
    "sofia+shop",
    "x",
)
_HOSTS = (
    "example.com",
    "mail.example.org",
    "firma-beispiel.de",
    "posta.example.it",
    "example.co.uk",
    "müller.example",
)


def _email(rng: random.Random) -> str:
    name, host = rng.choice(_NAMES), rng.choice(_HOSTS)
    if rng.random() < _ODD:
        return f"{name}(at){host}"
    return rng.choice(
        (
            f"{name}@{host}",
            f"{name}{_digits(rng, 2)}@{host}",
            f"{name}@{host}".upper(),
            f"{name}@\u200b{host}",
        )
    )


def _international(country: str, length: int) -> Callable[[random.Random], str]:
    def write(rng: random.Random) -> str:
        rest = rng.choice("123456789") + _digits(rng, length - 1)
        if rng.random() < _ODD:
            return f"{country} {rest}"
        plus = rng.choice(("+", "00", "+ "))
        forms = (
            rest, _grouped(rng, rest, (3, 3, 2)), _grouped(rng, rest, (2, 4)), _grouped(rng, rest, (3, 2, 2, 2)),
            f"(0){rest}", f"(0) {_grouped(rng, rest, (3, 3), ' ')}", f"{rest[:3]}/{rest[3:]}",
            f"{rest[:3]}, {rest[3:6]}, {rest[6:]}", f"{rest[:3]}\n{rest[3:]}",
        )  # fmt: skip
        return f"{plus}{country}{rng.choice((' ', '-', ' ', ''))}{rng.choice(forms)}"

    return write


def _national(rng: random.Random) -> str:
    number = "0" + rng.choice("123456789") + _digits(rng, rng.choice((8, 9, 9)))
    if rng.random() < _ODD:
        return _grouped(rng, number, (2, 2, 2, 2, 2), ",")
    return rng.choice((number, _grouped(rng, number, (4, 3)), _grouped(rng, number, (5,)), f"({number[:4]}) {number[4:]}", f"{number[:4]}/{number[4:]}", _grouped(rng, number, (3, 4))))  # fmt: skip


def _french(rng: random.Random) -> str:
    number = "0" + rng.choice("1234567") + _digits(rng, 8)
    return rng.choice(
        (number, _grouped(rng, number, (2, 2, 2, 2), " "), _grouped(rng, number, (2, 2, 2, 2), "."))
    )


def _spanish(rng: random.Random) -> str:
    return _grouped(rng, rng.choice("679") + _digits(rng, 8), rng.choice(((3, 3), (3, 2, 2))), " ")


def _american(rng: random.Random) -> str:
    a, b, c = (
        f"{rng.randint(2, 9)}{_digits(rng, 2)}",
        f"{rng.randint(2, 9)}{_digits(rng, 2)}",
        _digits(rng, 4),
    )
    return rng.choice((f"({a}) {b}-{c}", f"{a}-{b}-{c}", f"{a}.{b}.{c}", f"{a} {b} {c}"))


def _ssn(rng: random.Random) -> str:
    area = rng.choice([n for n in range(1, 900) if n != 666])
    return _grouped(
        rng, f"{area:03}{rng.randint(1, 99):02}{rng.randint(1, 9999):04}", (3, 2), "-- "
    )


def _nino(rng: random.Random) -> str:
    start = rng.choice("ABCEGHJKLMNOPRSTWXYZ") + rng.choice("ABCEGHJKLMNPRSTWXYZ")
    number, end = _digits(rng, 6), rng.choice("ABCD")
    spaced = f"{start} {number[:2]} {number[2:4]} {number[4:]} {end}"
    return rng.choice(
        (spaced, f"{start}{number}{end}", spaced.lower(), " ".join(start + number + end))
    )


_STREETS = ("High Street", "Mill Lane", "St. Mary's Road", "Station Road", "The Green")
_TOWNS = ("London", "Cambridge", "Stoke-on-Trent", "Bury St Edmunds")


def _address_uk(rng: random.Random) -> str:
    code = f"{rng.choice(('SW1A', 'CB2', 'M1', 'EC4V'))}{rng.choice((' ', ' ', ''))}{rng.randint(1, 9)}{rng.choice(('AA', 'RW', 'QT'))}"
    house = f"{rng.randint(1, 299)}{rng.choice(('', '', 'a'))}"
    if rng.random() < 0.2:
        return rng.choice((f"{code}, number {house}", f"{code} {house}"))
    comma = rng.choice((", ", " "))
    return f"{house} {rng.choice(_STREETS)}{comma}{rng.choice(_TOWNS)}{comma}{code}"


def _address_us(rng: random.Random) -> str:
    town, state = rng.choice(
        (("Springfield", "IL"), ("Reno", "NV"), ("New York", "NY"), ("St. Paul", "MN"))
    )
    street = rng.choice(("Main Street", "Elm St.", "N 5th Avenue", "Martin Luther King Blvd"))
    return f"{rng.randint(1, 9999)} {street}, {town}, {state} {_digits(rng, 5)}"


def _address_de(rng: random.Random) -> str:
    street = rng.choice(
        ("Hauptstraße", "Lindenweg", "Goethestr.", "Marktplatz", "Bahnhofstrasse", "Im Winkel")
    )
    house, code = (
        f"{rng.randint(1, 199)}{rng.choice(('', '', ' a'))}",
        f"{rng.randint(10000, 99999)}",
    )
    return f"{street} {house}{rng.choice((', ', ' ', ' in '))}{code}"


_EN = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_DE = ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"]


def _spoken(
    words: list[str], more: tuple[str, ...], fillers: tuple[str, ...]
) -> Callable[[random.Random], str]:
    def write(rng: random.Random) -> str:
        said = [
            rng.choice(more) if rng.random() < 0.15 else rng.choice(words)
            for _ in range(rng.choice((4, 6, 8, 10, 16)))
        ]
        if rng.random() < _ODD * 2:
            said.insert(2, rng.choice(("wait", "moment")))
        elif rng.random() < 0.1:
            said.insert(rng.randrange(1, len(said)), rng.choice(fillers))
        text = rng.choice((" ", " ", ", ", "-")).join(said)
        return text.capitalize() if rng.random() < 0.2 else text

    return write


_spoken_en = _spoken(_EN, ("oh", "double four", "twenty-two", "fifteen"), ("uh", "and", "er"))
_spoken_de = _spoken(_DE, ("zwo", "dreiundzwanzig", "elf", "sechzig"), ("äh", "und"))


def _email_spoken(at: str, dot: str) -> Callable[[random.Random], str]:
    def write(rng: random.Random) -> str:
        name = rng.choice(("anna", "bob", f"peter {dot} klein", "m.keller", "shop99"))
        host = rng.choice(("example", "gmx", "gmail", "web"))
        return f"{name} {at} {host} {dot} {rng.choice(('com', 'de', 'net', 'org', 'travel'))}"

    return write


_EVERYWHERE: dict[str, Callable[[random.Random], str]] = {
    "email": _email,
    "iban": _iban,
    "payment_card": _card,
}
_VALUES: dict[str, dict[str, Callable[[random.Random], str]]] = {
    "en": _EVERYWHERE | {
        "phone_international": _international("44", 10), "us_social_security": _ssn,
        "uk_national_insurance": _nino, "phone_north_america": _american, "phone_national": _national,
        "address_uk": _address_uk, "address_us": _address_us,
        "email_spoken": _email_spoken("at", "dot"), "numbers_spoken_en": _spoken_en,
    },
    "de": _EVERYWHERE | {
        "phone_international": _international("49", 10), "phone_national": _national, "address_de": _address_de,
        "email_spoken": _email_spoken("at", "punkt"), "numbers_spoken_de": _spoken_de,
    },
    "es": _EVERYWHERE | {"phone_international": _international("34", 9), "phone_national": _spanish},
    "fr": _EVERYWHERE | {"phone_international": _international("33", 9), "phone_national": _french},
    "it": _EVERYWHERE | {"phone_international": _international("39", 10), "phone_national": _national},
}  # fmt: skip


def _date(rng: random.Random) -> str:
    day, month = rng.randint(1, 28), rng.randint(1, 12)
    return rng.choice((f"{day:02}.{month:02}.2026", f"2026-{month:02}-{day:02}", f"{day:02}/{month:02}/2026", f"{day:02}-{month:02}-2026"))  # fmt: skip


_LIKE_EVERYWHERE: list[Callable[[random.Random], str]] = [
    _date,
    lambda rng: f"{_date(rng)} - {_date(rng)}",
    lambda rng: f"{rng.randint(8, 18):02}:30 - {rng.randint(8, 18):02}:45",
    lambda rng: f"ORD-{_digits(rng, 4)}-{_digits(rng, 4)}",
    lambda rng: f"K{_digits(rng, 8)}",
    lambda rng: _digits(rng, rng.choice((5, 6, 8, 10))),
    lambda rng: f"1Z{_digits(rng, 16)}",
    lambda rng: f"{rng.randint(1, 9)} {_digits(rng, 3)} {_digits(rng, 3)} kWh",
    lambda rng: f"{rng.randint(10, 999)}.{rng.randint(10, 99)} €",
    lambda rng: f"192.168.{rng.randint(0, 255)}.{rng.randint(0, 255)}",
    lambda rng: f"{rng.randint(1, 9)}.{rng.randint(0, 99)}.{rng.randint(0, 999)}",
    lambda rng: f"{_date(rng)}, {_date(rng)}, {_date(rng)}",
    lambda rng: f"08:00 - {rng.randint(18, 22)}:00, 09:30 - {rng.randint(12, 20)}:00",
    lambda rng: f"{rng.randint(1, 99)},00, {rng.randint(10, 99)},50, {rng.randint(100, 999)},00",
    lambda rng: f"+{rng.randint(1, 9)}.{_digits(rng, 3)}.000,00",
    lambda rng: (
        f"{rng.randint(1, 99)} + {rng.randint(100, 999)} {_digits(rng, 3)} {_digits(rng, 3)}"
    ),
    lambda rng: f"EAN 400{_digits(rng, 10)}",
    lambda rng: f"IMEI 35{_digits(rng, 13)}",
    lambda rng: ", ".join(str(rng.randint(2015, 2035)) for _ in range(6)),
]
_LOOKALIKES: dict[str, list[Callable[[random.Random], str]]] = {
    "en": [*_LIKE_EVERYWHERE, lambda _: "two or three days", lambda _: "one two three", lambda _: "two hundred and fifty pounds",
           lambda _: "at home at five", lambda _: "12 items for 3 people", lambda _: "nine hundred ninety nine"],
    "de": [*_LIKE_EVERYWHERE, lambda _: "zwei bis drei Tage", lambda _: "fünfundzwanzig Euro", lambda _: "eins zwei drei",
           lambda _: "Paragraf 12 und 13", lambda _: "ein Mal um acht"],
    **dict.fromkeys(("es", "fr", "it"), _LIKE_EVERYWHERE),
}  # fmt: skip
