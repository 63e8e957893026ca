"""Mutants of the reader: an answer that is lost, invented, or given to another record."""

from .mutant import Mutant

_READING = "analysis"
_HOSTILE = ("tests/analysis/test_hostile.py",)
_LINES = ("tests/analysis/test_lines.py",)
_QUICK = ("tests/analysis/test_quick_reading.py",)

READING = (
    # The fast path of a line
    Mutant(
        name="an absent property has a default, whose quotes stand for those of an unknown one",
        where="analysis",
        old="(name, kind | UnsetType, UNSET)",
        new="(name, kind | None, None)",
        tests=("tests/analysis/test_answer_struct.py",),
    ),
    Mutant(
        name="a quote that is escaped by its number hides another one",
        where="analysis",
        old='    if "\\\\" in text and "\\\\u0022" in text:\n        return False\n',
        new="",
        tests=("tests/analysis/test_answer_struct.py",),
    ),
    Mutant(
        name="a short value of a quickly read line may be escaped",
        where="analysis",
        old='_STRING = r"[ !#-\\[\\]-~]*+"',
        new="""_STRING = r'[^"]*+'""",
        tests=(
            "tests/analysis/test_quick_reading.py::test_a_short_value_that_is_no_plain_text_is_read_alike",
        ),
    ),
    Mutant(
        name="text may follow a quickly read line",
        where="analysis/reading/usual_line.py",
        old=".fullmatch\n",
        new=".match\n",
        tests=("tests/analysis/test_quick_reading.py::test_what_follows_a_line_is_read_alike",),
    ),
    Mutant(
        name="only an echo without escapes near its beginning has a fence",
        where="analysis",
        old="self._fence_begin.startswith(begin)",
        new="self._fence_begin == begin",
        tests=(
            "tests/analysis/test_quick_reading.py::test_the_fingerprint_of_a_usual_line_is_that_of_its_transcript",
        ),
    ),
    Mutant(
        name="a quickly read line may be under another key than its echo",
        where="analysis",
        old=" or echoed_id not in (None, record)",
        new="",
        tests=(
            "tests/analysis/test_quick_reading.py::test_a_label_of_another_record_is_seen_within_the_constant_bytes",
        ),
    ),
    Mutant(
        name="the label of an echo may name another record",
        where="analysis",
        old="if not line.startswith(echoed_id + piece, at):",
        new="if not line.startswith(piece, at + ID_LENGTH):",
        tests=(
            "tests/analysis/test_echo_frame.py::test_an_echo_that_names_two_records_is_not_cut",
        ),
    ),
    Mutant(
        name="the constant bytes of an echo are not proved",
        where="analysis",
        old="    if _text_of(before + _PROBE + after) != _PROBE:\n",
        new="    if not after:\n",
        tests=(
            "tests/analysis/test_echo_frame.py::test_a_text_that_occurs_before_the_echoed_one_gives_no_template",
        ),
    ),
    Mutant(
        name="a transcript is hashed as it is escaped",
        where="analysis",
        old="                return self._transcript(self._decode_text(echoed))\n",
        new="                return self._transcript(echoed[1:-1].decode())\n",
        tests=(
            "tests/analysis/test_echo_frame.py::test_a_transcript_that_looks_like_its_fence_is_read_alike",
        ),
    ),
    Mutant(
        name="a quickly read line has the tokens of its answer as those of its thoughts",
        where="analysis",
        old="            int(thoughts) if thoughts else None,\n            int(output) if output else None,\n",
        new="            int(output) if output else None,\n            int(thoughts) if thoughts else None,\n",
        tests=(
            "tests/analysis/test_quick_reading.py::test_token_counts_are_each_in_their_own_column",
        ),
    ),
    Mutant(
        name="a quickly read answer may have been cut off",
        where="analysis",
        old=""""finishReason": '"STOP"'""",
        new=""""finishReason": '"(?:STOP|MAX_TOKENS)"'""",
        tests=(
            "tests/analysis/test_quick_reading.py::test_an_answer_that_is_not_finished_in_one_part_is_not_read_quickly",
        ),
    ),
    Mutant(
        name="a quickly read line may have an error status",
        where="analysis",
        old="""    "status": '""',\n""",
        new="""    "status": f'"{_STRING}"',\n""",
        tests=(
            "tests/analysis/test_quick_reading.py::test_an_answer_that_is_not_finished_in_one_part_is_not_read_quickly",
        ),
    ),
    Mutant(
        name="a label names the record although the key is another one's",
        where="analysis",
        old="    if label not in {None, record_id}:\n",
        new="    if label not in {None, record_id, label}:\n",
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
        where="analysis",
        old='            _key(line.get("key")),\n            _key(_member(line, "customId")),\n',
        new='            _key(line.get("key")),\n            _key(_object(request.get("labels")).get("record")),\n            _key(_member(line, "customId")),\n',
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
        where="analysis",
        old='    if finish_reason == "MAX_TOKENS":\n',
        new='    if finish_reason == "MAX_TOKEN":\n',
        tests=(
            "tests/analysis/test_finish_reason.py::test_the_finish_reason_is_checked_before_the_answer",
        ),
    ),
    Mutant(
        name="a blocked answer is asked again",
        where="analysis",
        old='        "SAFETY", "RECITATION", "LANGUAGE",',
        new='        "SAFETY", "LANGUAGE",',
        tests=(
            "tests/analysis/test_finish_reason.py::test_the_finish_reason_is_checked_before_the_answer",
        ),
    ),
    Mutant(
        name="a line with an error status is an answer",
        where="analysis",
        old="        if not _is_no_error(place):\n",
        new="        if not _is_no_error(place) and not prediction.response:\n",
        tests=("tests/analysis/test_finish_reason.py::test_an_errored_line_never_yields_a_row",),
    ),
    Mutant(
        name="an answer to a blocked prompt is read",
        where="analysis",
        old="    if not _is_no_reason(prediction.block_reason):\n",
        new="    if _is_no_reason(prediction.block_reason) is None:\n",
        tests=("tests/analysis/test_finish_reason.py::test_an_errored_line_never_yields_a_row",),
    ),
    Mutant(
        name="without a finish reason a repaired answer is a row",
        where="analysis",
        old="            if not reason or document.is_followed:\n",
        new="            if document.is_followed:\n",
        tests=(
            "tests/analysis/test_finish_reason.py::test_without_a_finish_reason_only_a_whole_answer_counts",
        ),
    ),
    Mutant(
        name="the answer of a broken line is repaired",
        where="analysis",
        old="        if reason:\n            return read_strictly(text, contract)",
        new="        if reason:\n            return read_answer(text, contract)",
        tests=(
            "tests/analysis/test_partial_lines.py::test_an_answer_that_has_to_be_repaired_is_no_row",
        ),
    ),
    Mutant(
        name="a broken line without a finish reason is an answer",
        where="analysis",
        old="        if reason:\n            return read_strictly",
        new="        if text:\n            return read_strictly",
        tests=(
            "tests/analysis/test_partial_lines.py::test_an_answer_whose_end_is_not_certain_is_no_row",
        ),
    ),
    Mutant(
        name="thoughts are part of an answer",
        where="analysis",
        old='        if isinstance(part, dict) and part.get("thought"):\n            continue\n',
        new="",
        tests=("tests/analysis/test_finish_reason.py::test_parts_are_joined_without_thoughts",),
    ),
    Mutant(
        name="the message of a status is stored",
        where="analysis",
        old='or "a status without a code"',
        new="or text",
        tests=("tests/analysis/test_finish_reason.py::test_a_status_without_a_code_is_not_stored",),
    ),
    Mutant(
        name="a finish reason in free text is stored",
        where="analysis",
        old='    if not isinstance(reason, str) or not _ANY_CASE_NAME.fullmatch(reason):\n        return "UNREADABLE"\n',
        new='    if not isinstance(reason, str):\n        return "UNREADABLE"\n',
        tests=(
            "tests/analysis/test_finish_reason.py::test_a_finish_reason_is_never_stored_as_free_text",
        ),
    ),
    Mutant(
        name="a line that is decoded at once may have a property twice",
        where="analysis/reading/documents.py",
        old="isinstance(value, dict) and msgspec.json.encode(value) == line",
        new="isinstance(value, dict)",
        tests=(
            "tests/analysis/test_repeated_properties.py::test_a_line_with_a_property_twice_is_an_error_of_its_record",
        ),
    ),
    Mutant(
        name="a blank before an echoed text hides its fence",
        where="analysis/reading/reader.py",
        old="if not echoed.startswith(b'\"'):",
        new="if not echoed:",
        tests=(
            "tests/analysis/test_quick_reading.py::test_a_blank_before_the_echoed_text_hides_no_fingerprint",
        ),
    ),
    Mutant(
        name="a shape that was seen once is compared with every line",
        where="analysis/reading/reader.py",
        old="        elif self._lessons == _TRIAL:\n",
        new="        elif self._lessons == -_TRIAL:\n",
        tests=("tests/analysis/test_quick_reading.py::test_shapes_that_come_once_are_not_kept",),
    ),
    # Broken lines
    Mutant(
        name="of a property that stands twice the last one counts",
        where="analysis",
        old="            self.repeated = name if self.repeated is None else self.repeated\n",
        new="            self[name] = value\n",
        tests=("tests/analysis/test_partial_lines.py",),
    ),
    Mutant(
        name="parts of an answer are read before their list has ended",
        where="analysis",
        old="    if isinstance(parts, Elements) and not parts.is_whole:\n",
        new="    if isinstance(parts, Elements) and parts.is_whole is None:\n",
        tests=(
            "tests/analysis/test_partial_lines.py::test_a_list_of_parts_without_its_end_is_no_answer",
        ),
    ),
    Mutant(
        name="a part that cannot be read is left out of the answer",
        where="analysis",
        old="        elif text is not None:\n            return None\n",
        new="        elif text is not None:\n            continue\n",
        tests=(
            "tests/analysis/test_partial_lines.py::test_an_answer_with_a_part_that_cannot_be_read_is_no_row",
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
        where="analysis",
        old="    return text.count('\"') == encoded.count(b'\"')\n",
        new="    return True\n",
        tests=("tests/analysis/test_hostile.py::test_one_bad_line_never_fails_a_batch",),
    ),
    Mutant(
        name="the fast path stores a character that no table can store",
        where="analysis",
        old='        if "\\\\" in text and "\\\\u0000" in text:\n            return None\n',
        new="",
        tests=(
            "tests/analysis/test_hostile.py::test_a_character_that_no_table_can_store_is_refused_in_every_field",
        ),
    ),
    Mutant(
        name="the fast path does not check patterns",
        where="analysis",
        old="                if value and not matches(value):\n",
        new="                if value and not text and not matches(value):\n",
        tests=("tests/analysis/test_grades.py",),
    ),
    Mutant(
        name="a blank summary is a row",
        where="analysis",
        old="        if node.path in self._rules.texts and is_blank(fitted):\n",
        new="        if node.path in self._rules.texts and not fitted:\n",
        tests=("tests/analysis/test_answers.py::test_without_a_summary_there_is_no_row",),
    ),
    Mutant(
        name="the fast path stores a blank summary",
        where="analysis",
        old="                if is_blank(text_of(answer)):\n",
        new="                if not text_of(answer):\n",
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
