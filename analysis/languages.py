"""Language tags by the rules of BCP 47, and the English names of languages (ISO 639-1)."""

import re

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?", re.ASCII)

_NAMES = """
af Afrikaans|sq Albanian|am Amharic|ar Arabic|hy Armenian|az Azerbaijani|eu Basque|be Belarusian
bn Bengali|bs Bosnian|bg Bulgarian|my Burmese|ca Catalan|zh Chinese|zh Mandarin|hr Croatian|cs Czech
da Danish|nl Dutch|nl Flemish|en English|et Estonian|fi Finnish|fr French|gl Galician|ka Georgian
de German|el Greek|gu Gujarati|ha Hausa|he Hebrew|hi Hindi|hu Hungarian|is Icelandic|ig Igbo
id Indonesian|ga Irish|it Italian|ja Japanese|kn Kannada|kk Kazakh|km Khmer|rw Kinyarwanda|ko Korean
ku Kurdish|ky Kyrgyz|lo Lao|lv Latvian|lt Lithuanian|lb Luxembourgish|mk Macedonian|ms Malay
ml Malayalam|mt Maltese|mi Maori|mr Marathi|mn Mongolian|ne Nepali|no Norwegian|nb Bokmal|ps Pashto
fa Persian|fa Farsi|pl Polish|pt Portuguese|pa Punjabi|ro Romanian|rm Romansh|ru Russian|sm Samoan
sr Serbian|si Sinhala|sk Slovak|sl Slovenian|so Somali|es Spanish|es Castilian|sw Swahili|sv Swedish
tl Tagalog|tg Tajik|ta Tamil|te Telugu|th Thai|ti Tigrinya|tr Turkish|tk Turkmen|uk Ukrainian|ur Urdu
uz Uzbek|vi Vietnamese|cy Welsh|wo Wolof|xh Xhosa|yi Yiddish|yo Yoruba|zu Zulu
"""
_CODES = {
    name.lower(): code
    for entry in _NAMES.replace("\n", "|").split("|")
    for code, _, name in (entry.partition(" "),)
    if name
}


def language_tag(text: str) -> str | None:
    """Return the tag of a language that is given by its name or by a tag in another spelling.

    >>> language_tag("EN_us"), language_tag("German"), language_tag("fluent")
    ('en-US', 'de', None)
    """
    text = text.strip().rstrip(".")
    if code := _CODES.get(text.lower()):
        return code
    match = _TAG.fullmatch(text)
    if match is None:
        return None
    language, script, region = match.groups()
    parts = [language.lower(), script and script.title(), region and region.upper()]
    return "-".join(part for part in parts if part)
