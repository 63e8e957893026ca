"""Mutants of a try of a prompt, and of the count of tokens in a preview."""

from .mutant import Mutant

_COMMAND = "tests/cli/test_try.py"
_COUNT = "tests/operations/test_counted_tokens.py"
_REDACTED = f"{_COMMAND}::test_what_the_rules_replace_is_neither_sent_nor_shown"

TRYING = (
    Mutant(
        name="a try sends the transcripts of a file as they are",
        where="troupe/cli/try_samples.py",
        old="    return _redacted(chosen, analysis)\n",
        new="    return chosen\n",
        tests=(_REDACTED,),
    ),
    Mutant(
        name="a try sends the transcripts of the source table as they are",
        where="troupe/cli/try_samples.py",
        old="rules=[list(rule) for rule in analysis.redaction.applied],",
        new="rules=[],",
        tests=(_REDACTED,),
    ),
    Mutant(
        name="a try goes on without a rule that RE2 refuses",
        where="troupe/cli/try_analysis.py",
        old="problems = refused_rules(analysis.redaction.rules)",
        new="problems = refused_rules(())",
        tests=(f"{_COMMAND}::test_a_rule_that_cannot_be_used_is_named_before_anything_is_sent",),
    ),
    Mutant(
        name="both sides of a try ask with the template of the first",
        where="troupe/cli/try_analysis.py",
        old="        Trial(analysis, some, who.model, who.priced)\n",
        new="        Trial(analyses[0], some, who.model, who.priced)\n",
        tests=(f"{_COMMAND}::test_each_analysis_sends_its_own_request",),
    ),
    Mutant(
        name="a try allows longer answers than a run",
        where="troupe/online/trial.py",
        old="    tokens = analysis.max_output_tokens\n",
        new="    tokens = analysis.raised_output_tokens\n",
        tests=(
            "tests/online/test_trial.py::test_a_try_sends_the_lines_of_a_run_and_gets_its_rows",
        ),
    ),
    Mutant(
        name="both sides of a try are read by the rules of the first",
        where="troupe/online/trial.py",
        old="answers.append(trial.read(request, line))",
        new="answers.append(trials[0].read(request, line))",
        tests=(f"{_COMMAND}::test_two_analyses_stand_side_by_side_each_read_by_its_own_rules",),
    ),
    Mutant(
        name="a try opens the state folder for writing",
        where="troupe/operations/registry.py",
        old='        "sample_source",\n        "list_golden",',
        new='        "list_golden",',
        tests=(f"{_COMMAND}::test_transcripts_of_the_source_table_are_tried_and_no_table_changes",),
    ),
    Mutant(
        name="a try sends what no run would send",
        where="troupe/online/trial.py",
        old='        return Prepared(sample, None, "request_too_large")\n',
        new='        return Prepared(sample, line, "request_too_large")\n',
        tests=(f"{_COMMAND}::test_what_no_run_sends_is_not_asked",),
    ),
    Mutant(
        name="a try counts the batch price",
        where="troupe/online/price.py",
        old="    rates, cached = price.online, ",
        new="    rates, cached = price, ",
        tests=(f"{_COMMAND}::test_on_google_cloud_the_price_is_shown_before_vertex_is_asked",),
    ),
    Mutant(
        name="a try does not ask before it costs more",
        where="troupe/cli/try_analysis.py",
        old="high > DOLLARS_UNASKED or ",
        new="",
        tests=(f"{_COMMAND}::test_what_costs_more_is_confirmed_first",),
    ),
    Mutant(
        name="a try goes on asking after an error",
        where="troupe/online/ask.py",
        old="                ended.set()\n                done.put",
        new="                done.put",
        tests=(
            "tests/online/test_ask.py::test_an_error_is_raised_in_its_place_and_ends_the_asking",
        ),
    ),
    Mutant(
        name="the older of two texts of a file is tried",
        where="troupe/online/file_sample.py",
        old="            if rank < chosen[id_].rank:\n",
        new="            if rank > chosen[id_].rank:\n",
        tests=("tests/online/test_file_sample.py",),
    ),
    Mutant(
        name="a count sees transcripts that are not redacted",
        where="troupe/operations/counted_tokens.py",
        old='"sample": COUNTED}, reading)',
        new='"sample": COUNTED}, type(reading)())',
        tests=(f"{_COUNT}::test_what_is_counted_is_redacted",),
    ),
    Mutant(
        name="the range of what was counted is wider than half of it",
        where="troupe/operations/counted_tokens.py",
        old="    return min(_MOST_SPREAD, ",
        new="    return max(_MOST_SPREAD + 0.05, ",
        tests=(f"{_COUNT}::test_the_tokens_of_a_run_lie_in_a_narrow_range",),
    ),
    Mutant(
        name="a preview ends when the service does not count",
        where="troupe/operations/counted_tokens.py",
        old="    except NotCounted as error:\n",
        new="    except KeyError as error:\n",
        tests=(f"{_COUNT}::test_where_the_service_does_not_count_a_look_at_the_texts_is_taken",),
    ),
    Mutant(
        name="a reprocess counts before it is published",
        where="troupe/operations/reprocess.py",
        old="        if is_preview\n        else",
        new="        if True\n        else",
        tests=(f"{_COUNT}::test_a_reprocess_counts_in_its_preview_alone",),
    ),
    Mutant(
        name="a count leaves the schema out",
        where="troupe/backends/gcp/online_model.py",
        old='("contents", "systemInstruction", "generationConfig")',
        new='("contents", "systemInstruction")',
        tests=("tests/gcp/test_online_model.py::test_the_count_is_of_the_very_request",),
    ),
)
