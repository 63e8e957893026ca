"""Write the transcript of one call or chat."""

from random import Random

from troupe.demo_data.phrasebook import CallReason, Outcome, Writer, new_writer

_CUSTOMER, _AGENT = "CUSTOMER", "AGENT"
_EMOJI = {"grateful": (" 😊", " 👍", " 🎉"), "upset": (" 😡",), "angry": (" 😡", " 👎", " 😞")}
_OUTCOMES: tuple[Outcome, ...] = ("solved", "escalated", "unresolved")
_WEIGHTS = {"calm": (70, 17, 13), "upset": (35, 35, 30), "happy": (100, 0, 0)}


def call(language: str, rng: Random, *, chat: bool, outbound: bool) -> str:
    """The transcript of one call or chat."""
    writer = new_writer(language, rng)
    reason = rng.choice(writer.book.reason)
    turns = _beginning(writer, reason, outbound=outbound)
    outcome = _outcome(writer, reason)
    turns += _middle(writer, reason, rng.choice((0, 1, 1, 2)))
    turns.append((_AGENT, writer.choose(reason.endings(outcome))))
    if outcome == "solved" and rng.random() < 0.12:
        turns += _second_reason(writer, reason)
    turns += _ending(writer, reason, outcome)
    return _transcript([_as_chat(writer, turn) for turn in turns] if chat else turns)


def injection(language: str, rng: Random, number: int) -> str:
    """A call in which the customer says a prompt injection."""
    writer = new_writer(language, rng)
    phrases = writer.book.phrases["injection"]
    return _transcript(
        [
            (_AGENT, writer.phrase("agent_hello")),
            (_CUSTOMER, writer.fill(phrases[number % len(phrases)])),
            (_AGENT, writer.phrase("hold_ask")),
            (_CUSTOMER, writer.phrase("neutral")),
            (_AGENT, writer.phrase("agent_bye")),
        ]
    )


def hung_up(language: str, rng: Random) -> str:
    """A call that ends after the agent's greeting."""
    return _transcript([(_AGENT, new_writer(language, rng).phrase("agent_hello"))])


Turn = tuple[str, str]


def _beginning(writer: Writer, reason: CallReason, *, outbound: bool) -> list[Turn]:
    turns = [(_AGENT, writer.phrase("agent_calls" if outbound else "agent_hello"))]
    if not outbound and writer.rng.random() < 0.2:
        turns = []
    turns.append((_CUSTOMER, _joined(writer.phrase("customer_hello"), writer.choose(reason.open))))
    if reason.mood == "upset" or (reason.mood == "calm" and writer.rng.random() < 0.15):
        turns.append((_CUSTOMER, writer.phrase("upset")))
    return turns


def _middle(writer: Writer, reason: CallReason, questions: int) -> list[Turn]:
    turns: list[Turn] = []
    if reason.mood != "happy" and writer.rng.random() < 0.7:
        turns += [
            (_AGENT, writer.phrase("verify_ask")),
            (_CUSTOMER, writer.phrase("verify_answer")),
        ]
    for question, answer in writer.rng.sample(reason.detail, min(questions, len(reason.detail))):
        turns += [(_AGENT, writer.fill(question)), (_CUSTOMER, writer.fill(answer))]
    if reason.mood != "happy" and writer.rng.random() < 0.35:
        turns += [(_AGENT, writer.phrase("hold_ask")), (_CUSTOMER, writer.phrase("hold_answer"))]
    return turns


def _second_reason(writer: Writer, before: CallReason) -> list[Turn]:
    reason = writer.rng.choice([one for one in writer.book.reason if one is not before])
    opening = _joined(writer.phrase("also"), writer.choose(reason.open))
    return [
        (_CUSTOMER, opening),
        *_middle(writer, reason, 1),
        (_AGENT, writer.choose(reason.solved)),
    ]


def _outcome(writer: Writer, reason: CallReason) -> Outcome:
    return writer.rng.choices(_OUTCOMES, _WEIGHTS[reason.mood])[0]


def _ending(writer: Writer, reason: CallReason, outcome: Outcome) -> list[Turn]:
    feeling = {"solved": "grateful", "escalated": "neutral", "unresolved": "angry"}[outcome]
    if outcome == "unresolved" and writer.rng.random() < 0.3:
        feeling = "neutral"
    farewell = "agent_sorry" if feeling == "angry" else "agent_bye"
    return [(_CUSTOMER, writer.phrase(feeling)), (_AGENT, writer.phrase(farewell))]


def _joined(greeting: str, opening: str) -> str:
    """Join them; after a greeting that ends with a comma the sentence goes on."""
    if greeting.endswith((".", "!", ":")):
        return f"{greeting} {opening[:1].upper()}{opening[1:]}"
    return f"{greeting} {opening}"


def _as_chat(writer: Writer, turn: Turn) -> Turn:
    """A turn of a chat: customers leave out capitals and full stops, and add emoji."""
    who, text = turn
    if who == _AGENT:
        return turn
    emoji = [each for name in _EMOJI for each in _EMOJI[name] if text in writer.book.phrases[name]]
    if writer.rng.random() < 0.3:
        text = text[:1].lower() + text[1:].rstrip(".")
    return who, text + writer.rng.choice(emoji) if emoji and writer.rng.random() < 0.5 else text


def _transcript(turns: list[Turn]) -> str:
    return "\n".join(f"{who}: {text}" for who, text in turns)
