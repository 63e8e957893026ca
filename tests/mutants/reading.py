"""Mutants of the reader: an answer that is lost, invented, or given to another record."""

from .mutant import Mutant

_READING = "analysis"
_HOSTILE = ("tests/analysis/test_hostile.py",)
_LINES = ("tests/analysis/test_lines.py",)
_QUICK = ("tests/analysis/test_quick_reading.py",)

READING = (
    # The fast path of a line
    Mutant(
        name="a quickly read line may be under another key than its echo",
        where=_READING,
        old="            or record_id.encode() != echoed_id\n",
        new="",
        tests=("tests/analysis/test_quick_reading.py::test_key_label_and_fence_name_one_record",),
    ),
    Mutant(
        name="a request may be anywhere in a quickly read line",
        where=_READING,
        old="            or plain.request != self._placeholder\n",
        new="",
        tests=(
            "tests/analysis/test_quick_reading.py::test_a_request_in_another_property_is_not_the_echo",
        ),
    ),
    Mutant(
        name="the label of an echo may name another record",
        where=_READING,
        old="or not line.startswith(record_id + self.after, label)",
        new="or not line.startswith(self.after, label + ID_LENGTH)",
        tests=(
            "tests/analysis/test_quick_reading.py::test_a_label_of_another_record_is_seen_within_the_constant_bytes",
        ),
    ),
    Mutant(
        name="the bytes between fence and label are not compared",
        where=_READING,
        old="            or not line.startswith(self.between, between)\n",
        new="",
        tests=_QUICK,
    ),
    Mutant(
        name="the closing of a fence may name another record",
        where=_READING,
        old="closing, character = self.closing + record_id, self.closing[self.rarest]",
        new="closing, character = self.closing, self.closing[self.rarest]",
        tests=(
            "tests/analysis/test_quick_reading.py::test_a_fence_that_another_record_closes_has_no_fingerprint",
        ),
    ),
    Mutant(
        name="the constant bytes of an echo are not proved",
        where=_READING,
        old="    if not is_proved or not closing_json:\n",
        new="    if not closing_json:\n",
        tests=(
            "tests/analysis/test_echoed_request.py::test_an_echo_of_another_shape_gives_no_prefix",
        ),
    ),
    Mutant(
        name="a transcript is hashed as it is escaped",
        where=_READING,
        old="return fingerprint(self._decode_text(transcript))",
        new="return fingerprint(bytes(self._decode_raw(transcript))[1:-1])",
        tests=(
            "tests/analysis/test_echoed_request.py::test_a_transcript_that_looks_like_its_fence_is_read_alike",
        ),
    ),
    Mutant(
        name="a quickly read line has the tokens of its answer as those of its thoughts",
        where=_READING,
        old="            usage.thoughtsTokenCount,\n            usage.candidatesTokenCount,\n            transcript_hash,\n            UNSET,\n",
        new="            usage.candidatesTokenCount,\n            usage.thoughtsTokenCount,\n            transcript_hash,\n            UNSET,\n",
        tests=(
            "tests/analysis/test_quick_reading.py::test_token_counts_are_each_in_their_own_column",
        ),
    ),
    Mutant(
        name="a quickly read answer may have been cut off",
        where=_READING,
        old='finishReason: Literal["STOP"]',
        new='finishReason: Literal["STOP", "MAX_TOKENS"]',
        tests=(
            "tests/analysis/test_quick_reading.py::test_an_answer_that_is_not_finished_in_one_part_is_not_read_quickly",
        ),
    ),
    Mutant(
        name="a quickly read answer may be the first of two candidates",
        where=_READING,
        old="candidates: tuple[PlainCandidate]\n",
        new="candidates: list[PlainCandidate]\n",
        equivalent="the full reader takes the first candidate as well",
        tests=_QUICK,
    ),
    Mutant(
        name="a quickly read answer may be one part of several",
        where=_READING,
        old="parts: tuple[PlainPart]\n",
        new="parts: list[PlainPart]\n",
        tests=(
            "tests/analysis/test_quick_reading.py::test_an_answer_that_is_not_finished_in_one_part_is_not_read_quickly",
        ),
    ),
    Mutant(
        name="a quickly read line may have an error status",
        where=_READING,
        old='    status: Literal[""]\n',
        new="    status: str\n",
        tests=(
            "tests/analysis/test_quick_reading.py::test_an_answer_that_is_not_finished_in_one_part_is_not_read_quickly",
        ),
    ),
    Mutant(
        name="a quickly read thought is an answer",
        where="analysis",
        old="    thought: None = None\n",
        new="    thought: bool | None = None\n",
        tests=("tests/analysis/test_quick_reading.py",),
    ),
    # Keys
    Mutant(
        name="a label names the record although the key is another one's",
        where=_READING,
        old="        if label not in {None, record_id}:\n",
        new="        if label not in {None, record_id, label}:\n",
        tests=(
            "tests/analysis/test_finish_reason.py::test_an_answer_under_a_wrong_key_is_an_error",
        ),
    ),
    Mutant(
        name="an answer to another transcript keeps its key",
        where=_READING,
        old="if fenced_id is not None and record_id not in {None, fenced_id}:",
        new="if fenced_id is not None and record_id is None:",
        tests=(
            "tests/analysis/test_finish_reason.py::test_an_answer_under_a_wrong_key_is_an_error",
        ),
    ),
    Mutant(
        name="a label counts more than the custom id",
        where=_READING,
        old="keys = (prediction.custom_id, label.record if label else None)",
        new="keys = (label.record if label else None, prediction.custom_id)",
        tests=(
            "tests/analysis/test_finish_reason.py::test_a_custom_id_names_the_record_before_the_label_does",
        ),
    ),
    Mutant(
        name="an answer without a key of ours is a row",
        where=_READING,
        old="if record_id is None and not (foreign_key and self._foreign_keys):",
        new="if record_id is None and not foreign_key:",
        tests=("tests/analysis/test_finish_reason.py::test_a_foreign_key_gives_no_record_id",),
    ),
    Mutant(
        name="a foreign key is stored",
        where=_READING,
        old="    if reading.other_key is not UNSET:\n        reading = msgspec.structs.replace(reading, other_key=UNSET)\n",
        new="",
        tests=("tests/analysis/test_finish_reason.py::test_a_foreign_key_gives_no_record_id",),
    ),
    Mutant(
        name="a record id may be followed by other text",
        where=_READING,
        old="match = _RECORD_KEY.fullmatch(key)",
        new="match = _RECORD_KEY.match(key)",
        tests=("tests/analysis/test_finish_reason.py::test_a_foreign_key_gives_no_record_id",),
    ),
    # How a generation ended
    Mutant(
        name="an answer that was cut off is read",
        where=_READING,
        old='_TRUNCATED = frozenset({"MAX_TOKENS"})',
        new='_TRUNCATED = frozenset({"MAX_TOKEN"})',
        tests=(
            "tests/analysis/test_finish_reason.py::test_the_finish_reason_is_checked_before_the_answer",
        ),
    ),
    Mutant(
        name="a blocked answer is asked again",
        where=_READING,
        old='        "RECITATION",\n',
        new="",
        tests=(
            "tests/analysis/test_finish_reason.py::test_the_finish_reason_is_checked_before_the_answer",
        ),
    ),
    Mutant(
        name="a line with an error status is an answer",
        where=_READING,
        old="    if status not in _NO_STATUS:\n        raise",
        new="    if status not in _NO_STATUS and not prediction.response:\n        raise",
        tests=("tests/analysis/test_finish_reason.py::test_an_errored_line_never_yields_a_row",),
    ),
    Mutant(
        name="an answer to a blocked prompt is read",
        where=_READING,
        old="if feedback and feedback.blockReason not in _NO_REASON:",
        new="if feedback and feedback.blockReason in _NO_REASON:",
        tests=("tests/analysis/test_finish_reason.py::test_an_errored_line_never_yields_a_row",),
    ),
    Mutant(
        name="without a finish reason a repaired answer is a row",
        where=_READING,
        old="    if reason:\n        return read_answer(text, contract, admit_lossy=admit_lossy)\n",
        new="    return read_answer(text, contract, admit_lossy=admit_lossy)\n",
        tests=(
            "tests/analysis/test_finish_reason.py::test_without_a_finish_reason_only_a_whole_answer_counts",
        ),
    ),
    Mutant(
        name="the answer of a broken line is repaired",
        where=_READING,
        old="        if reason and text:\n            return read_strictly(text, contract)",
        new="        if reason and text:\n            return read_answer(text, contract, admit_lossy=True)",
        tests=(
            "tests/analysis/test_partial_lines.py::test_an_answer_that_has_to_be_repaired_is_no_row",
        ),
    ),
    Mutant(
        name="a broken line without a finish reason is an answer",
        where=_READING,
        old="        if reason and text:\n",
        new="        if text:\n",
        tests=(
            "tests/analysis/test_partial_lines.py::test_an_answer_whose_end_is_not_certain_is_no_row",
        ),
    ),
    Mutant(
        name="thoughts are part of an answer",
        where=_READING,
        old="for part in parts or () if not part.thought)",
        new="for part in parts or ())",
        tests=("tests/analysis/test_finish_reason.py::test_parts_are_joined_without_thoughts",),
    ),
    Mutant(
        name="a single thought is an answer",
        where=_READING,
        old="if parts and len(parts) == 1 and not parts[0].thought:",
        new="if parts and len(parts) == 1:",
        tests=("tests/analysis/test_finish_reason.py::test_parts_are_joined_without_thoughts",),
    ),
    Mutant(
        name="the message of a status is stored",
        where="analysis",
        old='if part) or "a status without a code"',
        new='if part) or status.decode(errors="replace")',
        tests=("tests/analysis/test_finish_reason.py::test_a_status_without_a_code_is_not_stored",),
    ),
    Mutant(
        name="a finish reason in free text is stored",
        where=_READING,
        old='return reason if _NAME.fullmatch(reason) else "UNREADABLE"',
        new="return reason",
        tests=(
            "tests/analysis/test_finish_reason.py::test_a_finish_reason_is_never_stored_as_free_text",
        ),
    ),
    # Broken lines
    Mutant(
        name="of a property that stands twice the last one counts",
        where="analysis",
        old="            if path in values and repeated is None:",
        new="            if path in values and repeated is not None:",
        tests=("tests/analysis/test_partial_lines.py",),
    ),
    Mutant(
        name="parts of an answer are read before their list has ended",
        where=_READING,
        old="are_parts_complete = values.get(_PARTS) is CLOSED",
        new="are_parts_complete = True",
        tests=(
            "tests/analysis/test_partial_lines.py::test_a_list_of_parts_without_its_end_is_no_answer",
        ),
    ),
    Mutant(
        name="a part that cannot be read is left out of the answer",
        where=_READING,
        old='if literal not in {None, "null"} and text is None:\n            return None',
        new='if literal not in {None, "null"} and text is None:\n            continue',
        tests=(
            "tests/analysis/test_partial_lines.py::test_an_answer_with_a_part_that_cannot_be_read_is_no_row",
        ),
    ),
    Mutant(
        name="a thought in a broken line is an answer",
        where=_READING,
        old='thought = values.get((*_PARTS, index, "thought"), "false") not in {"false", "null"}',
        new="thought = False",
        tests=(
            "tests/analysis/test_partial_lines.py::test_a_finished_answer_before_the_break_is_a_row",
        ),
    ),
    Mutant(
        name="a broken line is read without a limit",
        where=_READING,
        old="    for _ in range(_MAX_TOKENS):\n",
        new="    for _ in range(10 * _MAX_TOKENS):\n",
        tests=(
            "tests/analysis/test_hostile.py::test_a_broken_line_is_read_up_to_a_limit_of_tokens",
        ),
    ),
    # Parsing
    Mutant(
        name="of two properties of one name the last one counts",
        where=_READING,
        old="    if len(members) < len(pairs):\n        raise DuplicateKey\n",
        new="",
        tests=("tests/analysis/test_answers.py::test_a_duplicate_property_is_never_a_row",),
    ),
    Mutant(
        name="the fast path does not count quotes",
        where=_READING,
        old="return values if quotes == 2 * strings else None",
        new="return values",
        tests=("tests/analysis/test_hostile.py::test_one_bad_line_never_fails_a_batch",),
    ),
    Mutant(
        name="an escaped quote ends a string for the fast path",
        where=_READING,
        old="            quotes -= _escaped_quotes(text)\n",
        new="",
        equivalent="the general path then reads the text, with the same values",
        tests=_HOSTILE,
    ),
    Mutant(
        name="the fast path stores a character that no table can store",
        where=_READING,
        old='            if "\\\\u0000" in text:\n                return None\n',
        new="",
        tests=(
            "tests/analysis/test_hostile.py::test_a_character_that_no_table_can_store_is_refused_in_every_field",
        ),
    ),
    Mutant(
        name="the fast path does not check patterns",
        where=_READING,
        old="if values[at] is not None and not matches(values[at]):",
        new="if values[at] is not None and not matches(values[at]) and not text:",
        tests=("tests/analysis/test_answers.py::test_a_wrong_type_is_a_schema_mismatch",),
    ),
    Mutant(
        name="an absent list is null",
        where=_READING,
        old='[[] if node.kind == "array" else None for node in nodes]',
        new="[None for node in nodes]",
        tests=("tests/analysis/test_answers.py::test_an_absent_list_is_empty",),
    ),
    Mutant(
        name="a blank summary is a row",
        where=_READING,
        old="        if not summary or not summary.strip():\n",
        new="        if not summary:\n",
        tests=("tests/analysis/test_answers.py::test_without_a_summary_there_is_no_row",),
    ),
    Mutant(
        name="the fast path stores a blank summary",
        where=_READING,
        old="return values if summary and summary.strip() else None",
        new="return values if summary else None",
        tests=("tests/analysis/test_answers.py::test_without_a_summary_there_is_no_row",),
    ),
    Mutant(
        name="an unknown property after a repair is ignored",
        where=_READING,
        old="if reject_unknown and has_unknown(self.root, value):",
        new="if reject_unknown and has_unknown(self.root, None):",
        tests=(
            "tests/analysis/test_answers.py::test_a_repair_that_may_have_changed_a_word_is_lossy",
        ),
    ),
    Mutant(
        name="text with quotes before an answer is prose",
        where=_READING,
        old="return is_apart and not _NOT_PROSE.search(before + after)",
        new="return is_apart",
        tests=(
            "tests/analysis/test_answers.py::test_text_that_may_be_part_of_the_answer_is_not_removed_as_prose",
        ),
    ),
    Mutant(
        name="text that touches the end of an answer is prose",
        where=_READING,
        old="return is_apart and not _NOT_PROSE.search(before + after)",
        new="return not _NOT_PROSE.search(before + after)",
        tests=(
            "tests/analysis/test_answers.py::test_text_that_may_be_part_of_the_answer_is_not_removed_as_prose",
        ),
    ),
    Mutant(
        name="a comma in a string is removed as a trailing one",
        where=_READING,
        old="return _STRING_OR_COMMA.sub(_keep_string, text) if",
        new="return _TRAILING_COMMA.sub(lambda match: match[0][1:], text) if",
        tests=("tests/analysis/test_answers.py::test_commas_inside_strings_are_never_removed",),
    ),
    Mutant(
        name="a lossy repair is a row without a mark",
        where=_READING,
        old='return Answer(contract.from_value(lossy_repair(body)), method, "repaired_lossy")',
        new='return Answer(contract.from_value(lossy_repair(body)), method, "repaired_safe")',
        tests=(
            "tests/analysis/test_answers.py::test_lossy_repairs_can_be_admitted_and_are_marked",
        ),
    ),
    Mutant(
        name="a lossy repair is a row",
        where=_READING,
        old="        if not admit_lossy:\n",
        new="        if admit_lossy:\n",
        tests=(
            "tests/analysis/test_answers.py::test_text_that_may_be_part_of_the_answer_is_not_removed_as_prose",
        ),
    ),
    # The repair check
    Mutant(
        name="a repair may change more than punctuation",
        where=_READING,
        old='if not all(entry["text"].startswith(_HARMLESS) for entry in log):',
        new='if not all(entry["text"] for entry in log):',
        tests=(
            "tests/analysis/test_repair_check.py::test_a_repair_with_an_unknown_log_entry_is_not_safe",
        ),
    ),
    Mutant(
        name="an answer without its closing brace is repaired safely",
        where=_READING,
        old='    if not text.rstrip().endswith("}"):\n        raise RepairUnproven("the text does not end with a closing brace")\n',
        new="",
        tests=(
            "tests/analysis/test_repair_check.py::test_a_text_without_its_closing_brace_at_the_end_is_not_repaired_safely",
        ),
    ),
    Mutant(
        name="a repair may add, drop or move something",
        where=_READING,
        old="    if expected != list(items_of_value(value)):\n",
        new="    if not expected:\n",
        tests=(
            "tests/analysis/test_repair_check.py::test_a_repair_that_added_dropped_or_moved_something_is_not_safe",
        ),
    ),
    Mutant(
        name="a closing bracket may close another kind",
        where=_READING,
        old="elif not opened or opened.pop() != _PAIRS[bracket]:",
        new="elif not opened or not opened.pop():",
        tests=(
            "tests/analysis/test_repair_check.py::test_a_text_that_cannot_be_read_item_by_item_is_not_repaired_safely",
        ),
    ),
    Mutant(
        name="a bracket may stay open",
        where=_READING,
        old='    if opened:\n        raise RepairUnproven("brackets are not balanced")\n',
        new="",
        tests=(
            "tests/analysis/test_repair_check.py::test_a_text_that_cannot_be_read_item_by_item_is_not_repaired_safely",
        ),
    ),
    Mutant(
        name="a name may become a value",
        where=_READING,
        old='return "name" if match["colon"] else "str", _decoded(match["string"])',
        new='return "str", _decoded(match["string"])',
        tests=("tests/analysis/test_repair_check.py::test_a_repair_of_commas_alone_is_safe",),
    ),
    Mutant(
        name="the rest of a lost character is content",
        where=_READING,
        old='    if match[1] not in _VALID_ESCAPES:\n        raise RepairUnproven("a string has an invalid escape")\n',
        new="    if match[1] not in _VALID_ESCAPES:\n        return match[1]\n",
        tests=(
            "tests/analysis/test_repair_check.py::test_a_text_that_cannot_be_read_item_by_item_is_not_repaired_safely",
        ),
    ),
    Mutant(
        name="a text of any length is repaired",
        where=_READING,
        old='if len(text) > MAX_CHARACTERS or text.count("{")',
        new='if text.count("{")',
        tests=("tests/analysis/test_hostile.py::test_json_repair_gets_only_texts_of_bounded_size",),
    ),
    # Lines and requests
    Mutant(
        name="a last line without a line break is lost",
        where=_READING,
        old="    if partial.size:\n        yield partial.end()\n",
        new="",
        tests=("tests/analysis/test_lines.py::test_blocks_may_end_anywhere",),
    ),
    Mutant(
        name="a line of any length is kept in memory",
        where=_READING,
        old="        if self.size <= self._longest:\n            self._pieces.append(piece)\n        else:\n            self._pieces.clear()\n",
        new="        self._pieces.append(piece)\n",
        tests=_LINES,
    ),
    Mutant(
        name="a request file may have a key twice",
        where=_READING,
        old="if len(keys) < self.lines or self.size",
        new="if self.size",
        tests=("tests/analysis/test_requests.py::test_preflight_refuses_a_duplicate_key",),
    ),
    Mutant(
        name="a request file may have any number of lines",
        where=_READING,
        old="or self.size > MAX_BYTES or self.lines > MAX_LINES:\n            raise",
        new="or self.size > MAX_BYTES:\n            raise",
        tests=(
            "tests/analysis/test_requests.py::test_preflight_takes_as_many_different_lines_as_the_service",
        ),
    ),
    Mutant(
        name="a request file may have any size",
        where=_READING,
        old="or self.size > MAX_BYTES or self.lines > MAX_LINES:\n            raise",
        new="or self.lines > MAX_LINES:\n            raise",
        tests=("tests/analysis/test_requests.py::test_preflight_refuses_a_file_over_the_limits",),
    ),
    Mutant(
        name="a request may have a line break in it",
        where=_READING,
        old='        if line.find(b"\\n") != len(line) - 1:\n            raise PreflightError("one line holds one request", seen.lines + 1)\n',
        new="",
        tests=(
            "tests/analysis/test_requests.py::test_preflight_refuses_a_line_of_another_template",
        ),
    ),
    Mutant(
        name="a failed record may be asked again",
        where=_READING,
        old='_failed("blocked",',
        new='_open("blocked",',
        tests=(
            "tests/analysis/test_error_types.py::test_each_error_leaves_its_record_in_one_state",
        ),
    ),
    Mutant(
        name="the records of a cancelled run have failed",
        where=_READING,
        old='_released("cancelled",',
        new='_failed("cancelled",',
        tests=(
            "tests/tracking/test_closing.py::test_a_stop_releases_open_records_with_its_reason",
        ),
    ),
    Mutant(
        name="a model of the same family lends its price",
        where=_READING,
        old='models.get(model.rsplit("/", 1)[-1])',
        new='models.get(model.rsplit("/", 1)[-1].removesuffix("-preview"))',
        tests=("tests/analysis/test_prices.py::test_an_unknown_model_has_no_price",),
    ),
)
