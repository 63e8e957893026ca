"""One call, from the first word to the last."""

from random import Random

from troupe.demo_data.scripts import Cast, Outcome, Scene, cast

_CUSTOMER, _AGENT = "CUSTOMER", "AGENT"
_EMOJI = {"grateful": (" 😊", " 👍", " 🎉"), "upset": (" 😡",), "angry": (" 😡", " 👎", " 😞")}
_OUTCOMES: tuple[Outcome, ...] = ("solved", "escalated", "unresolved")
_WEIGHTS = {"calm": (70, 17, 13), "upset": (35, 35, 30), "happy": (100, 0, 0)}


def call(language: str, chance: Random, *, chat: bool, outbound: bool) -> str:
    """The transcript of one call or chat."""
    cast_ = cast(language, chance)
    scene = chance.choice(cast_.script.scene)
    turns = _beginning(cast_, scene, outbound=outbound)
    outcome = _outcome(cast_, scene)
    turns += _middle(cast_, scene, chance.choice((0, 1, 1, 2)))
    turns.append((_AGENT, cast_.choose(scene.endings(outcome))))
    if outcome == "solved" and chance.random() < 0.12:
        turns += _second_matter(cast_, scene)
    turns += _end(cast_, scene, outcome)
    return _written([_typed(cast_, turn) for turn in turns] if chat else turns)


def injection(language: str, chance: Random, number: int) -> str:
    """A customer who talks to the machine behind the agent."""
    cast_ = cast(language, chance)
    phrases = cast_.script.talk["injection"]
    return _written(
        [
            (_AGENT, cast_.say("agent_hello")),
            (_CUSTOMER, cast_.fill(phrases[number % len(phrases)])),
            (_AGENT, cast_.say("hold_ask")),
            (_CUSTOMER, cast_.say("neutral")),
            (_AGENT, cast_.say("agent_bye")),
        ]
    )


def hung_up(language: str, chance: Random) -> str:
    """Nobody answered the greeting."""
    return _written([(_AGENT, cast(language, chance).say("agent_hello"))])


Turn = tuple[str, str]


def _beginning(cast_: Cast, scene: Scene, *, outbound: bool) -> list[Turn]:
    turns = [(_AGENT, cast_.say("agent_calls" if outbound else "agent_hello"))]
    if not outbound and cast_.chance.random() < 0.2:
        turns = []
    turns.append((_CUSTOMER, _joined(cast_.say("customer_hello"), cast_.choose(scene.open))))
    if scene.mood == "upset" or (scene.mood == "calm" and cast_.chance.random() < 0.15):
        turns.append((_CUSTOMER, cast_.say("upset")))
    return turns


def _middle(cast_: Cast, scene: Scene, queries: int) -> list[Turn]:
    turns: list[Turn] = []
    if scene.mood != "happy" and cast_.chance.random() < 0.7:
        turns += [(_AGENT, cast_.say("verify_ask")), (_CUSTOMER, cast_.say("verify_tell"))]
    for asked, told in cast_.chance.sample(scene.detail, min(queries, len(scene.detail))):
        turns += [(_AGENT, cast_.fill(asked)), (_CUSTOMER, cast_.fill(told))]
    if scene.mood != "happy" and cast_.chance.random() < 0.35:
        turns += [(_AGENT, cast_.say("hold_ask")), (_CUSTOMER, cast_.say("hold_tell"))]
    return turns


def _second_matter(cast_: Cast, before: Scene) -> list[Turn]:
    scene = cast_.chance.choice([one for one in cast_.script.scene if one is not before])
    asked = _joined(cast_.say("also"), cast_.choose(scene.open))
    return [
        (_CUSTOMER, asked),
        *_middle(cast_, scene, 1),
        (_AGENT, cast_.choose(scene.solved)),
    ]


def _outcome(cast_: Cast, scene: Scene) -> Outcome:
    return cast_.chance.choices(_OUTCOMES, _WEIGHTS[scene.mood])[0]


def _end(cast_: Cast, scene: Scene, outcome: Outcome) -> list[Turn]:
    feeling = {"solved": "grateful", "escalated": "neutral", "unresolved": "angry"}[outcome]
    if outcome == "unresolved" and cast_.chance.random() < 0.3:
        feeling = "neutral"
    farewell = "agent_sorry" if feeling == "angry" else "agent_bye"
    return [(_CUSTOMER, cast_.say(feeling)), (_AGENT, cast_.say(farewell))]


def _joined(greeting: str, said: str) -> str:
    """A comma goes on in the same sentence; German openings are written without a capital."""
    if greeting.endswith((".", "!", ":")):
        return f"{greeting} {said[:1].upper()}{said[1:]}"
    return f"{greeting} {said}"


def _typed(cast_: Cast, turn: Turn) -> Turn:
    """Customers type faster than they speak, and show their feelings by signs."""
    who, said = turn
    if who == _AGENT:
        return turn
    signs = [sign for name in _EMOJI for sign in _EMOJI[name] if said in cast_.script.talk[name]]
    if cast_.chance.random() < 0.3:
        said = said[:1].lower() + said[1:].rstrip(".")
    return who, said + cast_.chance.choice(signs) if signs and cast_.chance.random() < 0.5 else said


def _written(turns: list[Turn]) -> str:
    return "\n".join(f"{who}: {said}" for who, said in turns)
