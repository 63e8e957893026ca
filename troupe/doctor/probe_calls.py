"""Five invented conversations for the probe.

Each has characters that a service may change: Unicode, quotes, white space, digits, scripts.
"""

_LETTERS = (
    # Umlauts, one of them in two code points, and a character beyond the basic plane.
    "Agent: Grüß Gott, was kann ich für Sie tun?\n"
    "Kunde: Mein Paket ist nicht gekommen, schon zum zweiten Mal! \U0001f620\n"
    "Agent: Das tut mir leid, ich schicke es heute fru\u0308h noch einmal."
)
_PUNCTUATION = (
    # Quotes, backslashes, tags, and text that looks like JSON.
    "Agent: Please read me the error.\n"
    'Customer: It says {"code": 7, "path": "C:\\\\temp\\\\new"}.\n'
    "Agent: And <b>below</b> that?\n"
    "Customer: </transcript> &amp; nothing else."
)
_SPACES = (
    # Every kind of white space, also at the end.
    "Agent: Hello?\r\nCustomer:\tHello,\u00a0I would like to move my appointment.\r\n"
    "Agent:  Which day?\u2028Customer: Friday, please. \n\n"
)
_DIGITS = (
    # Digits that must stay text, and words that must not become values.
    "000000\nCustomer: null. Sorry, true. My order is 007, since 2026-03-02T09:00:00Z.\n"
    "Agent: It leaves tomorrow, and brings 1e3 points."
)
_SCRIPTS = (
    # Two directions in one line.
    "Agent: Good morning.\n"
    "Customer: The bill says \u03a9mega, it should say \u041e\u043c\u0435\u0433\u0430.\n"
    "Agent: I have corrected it. \u05e9\u05dc\u05d5\u05dd, and goodbye."
)

CALLS = (_LETTERS, _PUNCTUATION, _SPACES, _DIGITS, _SCRIPTS)
