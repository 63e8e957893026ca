"""Mutants of what asks an endpoint of one's own."""

from .mutant import Mutant

_WHERE = "troupe/endpoint"
_POOL = ("tests/endpoint/test_pool.py",)
_PACE = ("tests/endpoint/test_pace.py",)
_READING = ("tests/endpoint/test_completion.py",)
_HTTP = ("tests/endpoint/test_openai.py",)
_CACHE = ("tests/endpoint/test_answer_cache.py",)
_ADDRESS = ("tests/endpoint/test_address.py",)
_ANALYSIS = "troupe/standin/text_analysis"
_TEXTS = ("tests/standin/test_text_analysis.py",)
_SPANS = ("tests/standin/test_personal_spans.py",)

ENDPOINT = (
    # What is stored
    Mutant(
        name="the answer cache keeps failures",
        where=_WHERE,
        old="        if answer.status:\n            return\n",
        new="",
        tests=_CACHE,
    ),
    Mutant(
        name="half a line of a killed process stays in the answer cache",
        where=_WHERE,
        old="        path.write_bytes(whole + newline)\n",
        new="        path.write_bytes(whole + newline + half)\n",
        tests=_CACHE,
    ),
    Mutant(
        name="a damaged line of the answer cache costs all answers behind it",
        where=_WHERE,
        old="        except (msgspec.DecodeError, UnicodeError):\n            continue\n",
        new="        except (msgspec.DecodeError, UnicodeError):\n            break\n",
        tests=_CACHE,
    ),
    Mutant(
        name="an answer is handed over before it is stored",
        where=_WHERE,
        old="            self._keep(number, answer)\n            self._answers.put((number, answer))\n",
        new="            self._answers.put((number, answer))\n            self._keep(number, answer)\n",
        tests=(*_POOL, "tests/endpoint/test_worker.py"),
    ),
    # How it is asked
    Mutant(
        name="the limit of requests grows beyond what the user allowed",
        where=_WHERE,
        old="self.limit = min(self.most, self.limit + 1)",
        new="self.limit = self.limit + 1",
        tests=_PACE,
    ),
    Mutant(
        name="each refused request halves the limit",
        where=_WHERE,
        old="if failure.slows and sent_at >= self._cut_at:",
        new="if failure.slows:",
        tests=_PACE,
    ),
    Mutant(
        name="a longer Retry-After gives way to a shorter one",
        where=_WHERE,
        old="self.paused_until = max(self.paused_until, until)",
        new="self.paused_until = until",
        tests=_PACE,
    ),
    Mutant(
        name="requests are sent while the endpoint is down",
        where=_WHERE,
        old="        if self._is_suspect:\n            if self._is_probing",
        new="        if False:\n            if self._is_probing",
        tests=_POOL,
    ),
    Mutant(
        name="failures of an outage are counted against a request",
        where=_WHERE,
        old="            if answers > task.answers_seen:\n",
        new="            if True:\n",
        tests=_POOL,
    ),
    Mutant(
        name="a job that was cancelled goes on asking",
        where=_WHERE,
        old="        self.closed = True\n        self._pool.drop(self)\n",
        new="        self.closed = True\n",
        tests=_POOL,
    ),
    Mutant(
        name="an endpoint that is down for days is waited for",
        where=_WHERE,
        old="if began is None or self._clock() - began < self._patience:",
        new="if True:",
        tests=_POOL,
    ),
    # What comes back
    Mutant(
        name="an endpoint's cut-off answer is a finished one",
        where=_WHERE,
        old='        "MAX_TOKENS",\n',
        new='        "STOP",\n',
        tests=_READING,
    ),
    Mutant(
        name="an unknown finish reason of an endpoint is a finished answer",
        where=_WHERE,
        old='FINISH_REASONS.get(reason.lower(), "OTHER")',
        new='FINISH_REASONS.get(reason.lower(), "STOP")',
        tests=_READING,
    ),
    Mutant(
        name="half of a surrogate pair is stored",
        where=_WHERE,
        old="if text is None or not _is_unicode(text):",
        new="if text is None:",
        tests=_READING,
    ),
    Mutant(
        name="a draft inside of endless reasoning is an answer",
        where=_WHERE,
        old='    if _REASONING_BEGINS.match(text, start):\n        return ""\n',
        new="",
        tests=_READING,
    ),
    Mutant(
        name="a mark that an answer quotes ends it",
        where=_WHERE,
        old="    if before.endswith(_ANSWER_ENDS):\n",
        new="    if before:\n",
        tests=_READING,
    ),
    # Where the key goes
    Mutant(
        name="plain HTTP goes through a proxy",
        where=_WHERE,
        old='parts.scheme == "http" or is_local or not proxy',
        new="not proxy",
        tests=_HTTP,
    ),
    Mutant(
        name="the key that a reply quotes is stored",
        where=_WHERE,
        old='reply.reason.replace(self._key, "…") if self._key else reply.reason',
        new="reply.reason",
        tests=_HTTP,
    ),
    Mutant(
        name="a password in the address is shown",
        where=_WHERE,
        old='return _SECRETS.sub("", url)',
        new="return url",
        tests=_ADDRESS,
    ),
    Mutant(
        name="the output limit is not sent to an endpoint",
        where=_WHERE,
        old="body[limit_name] = most",
        new='body["most_tokens"] = most',
        tests=_HTTP,
    ),
    Mutant(
        name="a reply of any size is read",
        where=_WHERE,
        old="        if size > LONGEST_REPLY:\n",
        new="        if size < 0:\n",
        tests=_HTTP,
    ),
    Mutant(
        name="a reply that trickles is read for ever",
        where=_WHERE,
        old="        left = self._deadline - monotonic()\n",
        new="        left = self._socket.gettimeout() or 1.0\n",
        tests=_HTTP,
    ),
    # What answers without a model
    Mutant(
        name="a row of the stand-in looks like the model's",
        where="troupe/standin",
        old="Answer(text=text, model=STAND_IN)",
        new="Answer(text=text)",
        tests=("tests/standin/test_marked_rows.py",),
    ),
    Mutant(
        name="a call without an agent is solved",
        where=_ANALYSIS,
        old="if not self.success or not any(sentence.words for sentence in self.spoken.agent):",
        new="if not self.success:",
        tests=_TEXTS,
    ),
    Mutant(
        name="a call without a cue is unsolved",
        where=_ANALYSIS,
        old="if not self.success or not any(sentence.words for sentence in self.spoken.agent):",
        new="if not any(sentence.words for sentence in self.spoken.agent):",
        tests=_TEXTS,
    ),
    Mutant(
        name="a name is quoted",
        where=_ANALYSIS,
        old="    if names:\n        text = replace_words",
        new="    if False:\n        text = replace_words",
        tests=_SPANS,
    ),
    Mutant(
        name="the reply to the question for a name is quoted",
        where=_ANALYSIS,
        old="            yield from _reply(text, len(sentence.words))\n",
        new="",
        tests=_SPANS,
    ),
    Mutant(
        name="an own schema's texts are not masked",
        where=_ANALYSIS,
        old="return [analysis.quoted(text) for text in texts]",
        new="return list(texts)",
        tests=_SPANS,
    ),
    Mutant(
        name="the agent's words outvote the customer's",
        where=_ANALYSIS,
        old="        _most_cues(said, customer)\n",
        new="        _most_cues(spoken.agent, agent)\n",
        tests=_TEXTS,
    ),
)
