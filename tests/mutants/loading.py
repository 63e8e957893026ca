"""Mutants of the loader of files: what it takes, and what it must refuse."""

from .mutant import Mutant

_FILES = "troupe/transcript_files"
_TESTS = "tests/transcript_files"

LOADING = (
    Mutant(
        name="a file of several is loaded although another one is refused",
        where="troupe/backends/local/warehouse.py",
        old='                self._end_job(name, "done")\n            self.db.execute("COMMIT")\n        except BaseException:\n            self._roll_back()',
        new='                self._end_job(name, "done")\n            self.db.execute("COMMIT")\n        except BaseException:\n            self.db.execute("COMMIT")',
        tests=("tests/local/test_load.py::test_files_are_loaded_together_or_not_at_all",),
    ),
    Mutant(
        name="the hash of loaded rows leaves out the line that was staged last",
        where="troupe/backends/local/load.py",
        old="if further else line)\n            out.write(line)\n",
        new="if further else line[:20])\n            out.write(line)\n",
        tests=("tests/local/test_load.py",),
    ),
    Mutant(
        name="two columns that fit equally well are not refused",
        where=_FILES,
        old="        if len(found) > 1:\n",
        new="        if len(found) > 9:\n",
        tests=(f"{_TESTS}/test_columns.py",),
    ),
    Mutant(
        name="a column is taken from another name in later rows",
        where=_FILES,
        old="        if known is not None and found and found != [known]:\n",
        new="        if known is not None and found and not known:\n",
        tests=(f"{_TESTS}/test_columns.py",),
    ),
    Mutant(
        name="an id that lost digits is loaded",
        where=_FILES,
        old="        if isinstance(value, float) and abs(value) > _EXACT:\n",
        new="        if isinstance(value, float) and abs(value) > 1e300:\n",
        tests=(f"{_TESTS}/test_columns.py",),
    ),
    Mutant(
        name="a time without a zone is UTC",
        where=_FILES,
        old="        if zone is None:\n            raise Refused(\n",
        new="        zone = zone or UTC\n        if zone is None:\n            raise Refused(\n",
        tests=(f"{_TESTS}/test_times.py",),
    ),
    Mutant(
        name="milliseconds are read as seconds",
        where=_FILES,
        old="_UNITS = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))",
        new="_UNITS = ((10**14, 10**6), (10**17, 1))",
        tests=(f"{_TESTS}/test_times.py",),
    ),
    Mutant(
        name="an array that is cut off is a whole one",
        where=_FILES,
        old='        if self._depth or self._expected in ("first", "next", "comma"):\n',
        new="        if self._depth:\n",
        tests=(f"{_TESTS}/test_json_values.py",),
    ),
    Mutant(
        name="a row of a table that lacks cells is left out",
        where=_FILES,
        old="        if not any(cells):\n",
        new="        if not any(cells) or len(cells) < width:\n",
        tests=(f"{_TESTS}/test_tables.py",),
    ),
    Mutant(
        name="a row for each turn is loaded as if it were a conversation",
        where=_FILES,
        old="        if self._repeats and turns:\n",
        new="        if not rows and turns:\n",
        tests=(f"{_TESTS}/test_columns.py",),
    ),
    Mutant(
        name="a property that a file gives twice is not noticed",
        where=_FILES,
        old="        fields = _decode(text)\n        check_unique(text)\n",
        new="        fields = _decode(text)\n",
        tests=("tests/local/test_load.py::test_a_column_that_is_given_twice_is_refused",),
    ),
    Mutant(
        name="one page of a transcript is loaded as the whole",
        where=_FILES,
        old='    if _at(meta, "next_page_url") or _at(meta, "previous_page_url"):\n',
        new='    if _at(meta, "previous_page_url"):\n',
        tests=(f"{_TESTS}/test_formats.py",),
    ),
    Mutant(
        name="two conversations of one file get the name of the file as their id",
        where=_FILES,
        old='        if self.is_named_by_file or self.name == "-" or not stem:\n',
        new='        if self.name == "-" or not stem:\n',
        tests=(f"{_TESTS}/test_formats.py",),
    ),
    Mutant(
        name="the size of a workbook is not limited",
        where=_FILES,
        old="                        size += len(block)\n",
        new="                        size = len(block)\n",
        tests=(f"{_TESTS}/test_tables.py",),
    ),
    Mutant(
        name="text in another encoding is cut to what can be read",
        where=_FILES,
        old="    decoder = codecs.getincrementaldecoder(encoding)()\n",
        new='    decoder = codecs.getincrementaldecoder(encoding)("ignore")\n',
        tests=("tests/local/test_load.py::test_a_file_that_is_no_text_is_refused_by_its_position",),
    ),
    Mutant(
        name="rows are loaded into another table than the source",
        where="troupe/backends/local/operations.py",
        old="backend.home, backend.source)",
        new="backend.home)",
        tests=("tests/local/test_source_table.py",),
    ),
)
