"""Mutants of money: budgets, estimates, costs, the breaker and the window."""

from .mutant import Mutant

_BUDGET = "handlers/runs/budget.py"
_SPENDING = "tracking/queries/costs/spending.sql"
_COST = "tracking/fragments/costs/cost_of.sql"

MONEY = (
    Mutant(
        name="a batch begins when the low end of its cost fits",
        where=_BUDGET,
        old="(size.high or 0.0) <= self.money",
        new="(size.low or 0.0) <= self.money",
        tests=(
            "tests/handlers/test_remaining_budget.py::test_a_batch_is_paid_for_when_the_high_end_of_its_estimate_fits",
        ),
    ),
    Mutant(
        name="a batch begins when the low end of its tokens fits",
        where=_BUDGET,
        old="_tokens(size)[1] <= self.tokens",
        new="_tokens(size)[0] <= self.tokens",
        tests=(
            "tests/handlers/test_budgets.py::test_a_run_stops_before_the_batch_that_would_break_its_cap",
        ),
    ),
    Mutant(
        name="the cap in money is not asked",
        where=_BUDGET,
        old="return (size.high or 0.0) <= self.money and _tokens",
        new="return _tokens",
        tests=(
            "tests/handlers/test_remaining_budget.py::test_a_batch_is_paid_for_when_the_high_end_of_its_estimate_fits",
        ),
    ),
    Mutant(
        name="a first batch begins when the low end of its cost fits",
        where=_BUDGET,
        old="if size.high * first_share > remaining.money:",
        new="if size.low * first_share > remaining.money:",
        tests=(
            "tests/handlers/test_budgets.py::test_a_refusal_tells_small_money_in_digits_that_say_something",
        ),
    ),
    Mutant(
        name="a first batch begins when the low end of its tokens fits",
        where=_BUDGET,
        old="if high * first_share > remaining.tokens:",
        new="if low * first_share > remaining.tokens:",
        tests=(
            "tests/handlers/test_budgets.py::test_a_run_whose_first_batch_may_not_fit_is_refused",
        ),
    ),
    Mutant(
        name="a run begins although even the low end exceeds the cap",
        where=_BUDGET,
        old="if size.low > remaining.money:",
        new="if size.low > 2 * remaining.money:",
        tests=(
            "tests/handlers/test_remaining_budget.py::test_a_run_is_refused_when_its_low_end_or_the_high_end_of_its_first_batch_does_not_fit",
        ),
    ),
    Mutant(
        name="what is on its way counts with the low end of its cost",
        where=_BUDGET,
        old="money + (size.high or 0.0)",
        new="money + (size.low or 0.0)",
        tests=("tests/handlers/test_budgets.py::test_what_is_on_its_way_counts_as_spent",),
    ),
    Mutant(
        name="what is on its way counts with the low end of its tokens",
        where=_BUDGET,
        old="tokens + _tokens(size)[1]",
        new="tokens + _tokens(size)[0]",
        tests=(
            "tests/handlers/test_remaining_budget.py::test_what_is_spent_and_the_high_end_of_what_is_on_its_way_are_taken_off",
        ),
    ),
    Mutant(
        name="what is on its way does not count",
        where=_BUDGET,
        old="else c - s - d for",
        new="else c - s for",
        tests=("tests/handlers/test_budgets.py::test_what_is_on_its_way_counts_as_spent",),
    ),
    Mutant(
        name="what is spent does not count",
        where=_BUDGET,
        old="else c - s - d for",
        new="else c - d for",
        tests=(
            "tests/handlers/test_budgets.py::test_a_run_stops_before_the_batch_that_would_break_its_cap",
        ),
    ),
    Mutant(
        name="the loosest cap in money decides",
        where=_BUDGET,
        old="money=min(left[:2])",
        new="money=max(left[:2])",
        tests=(
            "tests/handlers/test_budgets.py::test_a_refusal_tells_small_money_in_digits_that_say_something",
        ),
    ),
    Mutant(
        name="the loosest cap in tokens decides",
        where=_BUDGET,
        old="tokens=min(left[2:])",
        new="tokens=max(left[2:])",
        tests=(
            "tests/handlers/test_budgets.py::test_a_run_that_needs_more_tokens_than_it_may_is_refused_with_the_estimate",
        ),
    ),
    Mutant(
        name="an exceeded cap lets running batches go on to the next",
        where=_BUDGET,
        old="    if remaining.is_overspent:\n        return 0\n",
        new="",
        tests=(
            "tests/handlers/test_remaining_budget.py::test_an_exceeded_cap_ends_the_run_with_batches_in_flight",
        ),
    ),
    Mutant(
        name="the budget of a run pays for other runs",
        where=_BUDGET,
        old='mine = [row for row in rows if row["run_id"] == run_id]',
        new="mine = list(rows)",
        tests=(
            "tests/handlers/test_remaining_budget.py::test_a_cap_of_a_run_counts_that_run_and_the_cap_of_a_day_all_runs_of_today",
        ),
    ),
    Mutant(
        name="the cap of a day counts the spending of all days",
        where=_BUDGET,
        old='_spent(rows, "_today")',
        new='_spent(rows, "")',
        tests=(
            "tests/handlers/test_remaining_budget.py::test_a_cap_of_a_run_counts_that_run_and_the_cap_of_a_day_all_runs_of_today",
        ),
    ),
    Mutant(
        name="each batch is judged as if it were the only next one",
        where=_BUDGET,
        old='records, line_bytes = records + row["records"], line_bytes + row["bytes"]',
        new='records, line_bytes = row["records"], row["bytes"]',
        tests=(
            "tests/handlers/test_remaining_budget.py::test_batches_begin_as_long_as_all_of_them_together_fit",
        ),
    ),
    Mutant(
        name="a run without a known price begins under a cap in money",
        where="handlers/plan_run.py",
        old="if caps.counts_money and size.low is None:",
        new="if caps.counts_money and size.low is None and size.low == 0:",
        tests=(
            "tests/handlers/test_budgets.py::test_a_model_without_a_known_price_is_refused_under_a_cap_in_money",
        ),
    ),
    Mutant(
        name="a dry run is refused for its cost",
        where="handlers/plan_run.py",
        old="if caps.is_set and not request.dry_run:",
        new="if caps.is_set:",
        tests=("tests/handlers/test_budgets.py::test_a_dry_run_is_not_refused_for_its_cost",),
    ),
    Mutant(
        name="the first batch is judged by all records",
        where="handlers/plan_run.py",
        old='first = min(1.0, params["canary"] / max(1, preview["records"]))',
        new="first = 1.0",
        tests=(
            "tests/handlers/test_budgets.py::test_a_run_stops_before_the_batch_that_would_break_its_cap",
        ),
    ),
    Mutant(
        name="a stopped run is stopped again",
        where="handlers/advance_run.py",
        old="    if progress.stopped:\n        return  #",
        new="    if progress.stopped and progress.refused:\n        return  #",
        tests=("tests/handlers/test_advancing.py",),
    ),
    Mutant(
        name="a batch for a further attempt counts with all of its records",
        where=_SPENDING,
        old="MIN(open) AS open",
        new="MAX(open) AS open",
        tests=(
            "tests/tracking/test_spending.py::test_after_an_attempt_its_open_records_alone_are_committed",
        ),
    ),
    Mutant(
        name="a running batch counts nothing",
        where=_SPENDING,
        old="SUM(COALESCE(k.open, b.records)) AS records",
        new="SUM(COALESCE(k.open, 0)) AS records",
        tests=(
            "tests/tracking/test_spending.py::test_all_records_of_the_batches_that_have_begun_are_committed",
        ),
    ),
    Mutant(
        name="a batch for a further attempt counts all of its bytes",
        where=_SPENDING,
        old="SUM(DIV(b.bytes * COALESCE(k.open, b.records), b.records)) AS bytes",
        new="SUM(b.bytes) AS bytes",
        tests=(
            "tests/tracking/test_spending.py::test_after_an_attempt_its_open_records_alone_are_committed",
        ),
    ),
    Mutant(
        name="a batch that is over counts as running",
        where=_SPENDING,
        old="COUNTIF(COALESCE(k.open, b.records) > 0) AS batches",
        new="COUNT(*) AS batches",
        tests=(
            "tests/tracking/test_spending.py::test_after_an_attempt_its_open_records_alone_are_committed",
        ),
    ),
    Mutant(
        name="a batch that has not begun counts as spent",
        where=_SPENDING,
        old=") AS p ON p.run_id = b.run_id AND p.batch = b.batch",
        new=") AS p ON p.run_id = b.run_id",
        tests=(
            "tests/tracking/test_spending.py::test_all_records_of_the_batches_that_have_begun_are_committed",
        ),
    ),
    Mutant(
        name="thoughts are not counted as spent tokens",
        where=_SPENDING,
        old="SUM(prompt_tokens + output_tokens + thoughts_tokens) AS tokens",
        new="SUM(prompt_tokens + output_tokens) AS tokens",
        tests=(
            "tests/tracking/test_spending.py::test_spent_are_all_attempts_with_thoughts_and_today_those_of_today",
        ),
    ),
    Mutant(
        name="the cost of yesterday counts as today's",
        where=_SPENDING,
        old="SUM(IF(closed_at >= TIMESTAMP(CURRENT_DATE()), cost, 0)) AS cost_today",
        new="SUM(cost) AS cost_today",
        tests=(
            "tests/tracking/test_spending.py::test_spent_are_all_attempts_with_thoughts_and_today_those_of_today",
        ),
    ),
    Mutant(
        name="the tokens of yesterday count as today's",
        where=_SPENDING,
        old="""SUM(IF(
      closed_at >= TIMESTAMP(CURRENT_DATE()), prompt_tokens + output_tokens + thoughts_tokens, 0
    ))""",
        new="SUM(prompt_tokens + output_tokens + thoughts_tokens)",
        tests=(
            "tests/tracking/test_spending.py::test_spent_are_all_attempts_with_thoughts_and_today_those_of_today",
        ),
    ),
    Mutant(
        name="cached tokens cost as much as others",
        where=_COST,
        old="* @cached_price",
        new="* @input_price",
        tests=(
            "tests/tracking/test_closing.py::test_cost_covers_every_line_and_waste_the_lines_without_a_row",
        ),
    ),
    Mutant(
        name="cached tokens are paid for twice",
        where=_COST,
        old="(COALESCE({row}.prompt_tokens, 0) - COALESCE({row}.cached_tokens, 0)) * @input_price",
        new="COALESCE({row}.prompt_tokens, 0) * @input_price",
        tests=(
            "tests/tracking/test_closing.py::test_cost_covers_every_line_and_waste_the_lines_without_a_row",
        ),
    ),
    Mutant(
        name="thoughts cost nothing",
        where=_COST,
        old="(COALESCE({row}.output_tokens, 0) + COALESCE({row}.thoughts_tokens, 0))",
        new="COALESCE({row}.output_tokens, 0)",
        tests=(
            "tests/tracking/test_closing.py::test_cost_covers_every_line_and_waste_the_lines_without_a_row",
        ),
    ),
    Mutant(
        name="an answer without token counts costs nothing",
        where=_COST,
        old="IF({row}.prompt_tokens IS NULL, NULL, (",
        new="IF({row}.prompt_tokens IS NULL, 0, (",
        tests=(
            "tests/tracking/test_closing.py::test_an_answer_without_token_counts_has_a_cost_of_null",
        ),
    ),
    Mutant(
        name="an unknown price is the price 0",
        where="tracking/transactions/close_attempt.sql",
        old="      @input_price IS NULL, NULL, COALESCE(SUM(IF(a.is_repeated, 0, {cost_of_a})), 0)\n",
        new="      FALSE, NULL, COALESCE(SUM(IF(a.is_repeated, 0, {cost_of_a})), 0)\n",
        tests=("tests/tracking/test_closing.py::test_an_unknown_price_gives_a_cost_of_null",),
    ),
    Mutant(
        name="a stored answer counts as wasted",
        where="tracking/transactions/close_attempt.sql",
        old="SUM(IF(a.error IS NULL OR a.is_repeated, 0, {cost_of_a}))",
        new="SUM(IF(a.is_repeated, 0, {cost_of_a}))",
        tests=(
            "tests/tracking/test_closing.py::test_cost_covers_every_line_and_waste_the_lines_without_a_row",
        ),
    ),
    Mutant(
        name="an answer costs what its request costs",
        where="handlers/runs/estimate.py",
        old="[(i * prices[0] + o * prices[2]) / 1e6",
        new="[(i * prices[0] + o * prices[0]) / 1e6",
        tests=(
            "tests/handlers/test_estimate.py::test_an_estimate_costs_input_and_output_at_their_own_price",
        ),
    ),
    Mutant(
        name="the high estimate takes the bytes of plain English",
        where="handlers/runs/estimate.py",
        old="Line((texts + schema) / fewest, 1 / fewest)",
        new="Line((texts + schema) / fewest, 1 / most)",
        tests=(
            "tests/handlers/test_estimate.py::test_an_estimate_reaches_from_plain_english_without_the_schema_to_every_byte",
        ),
    ),
    Mutant(
        name="the low estimate counts the schema",
        where="handlers/runs/estimate.py",
        old="Line(texts / most, 1 / most)",
        new="Line((texts + schema) / most, 1 / most)",
        tests=(
            "tests/handlers/test_estimate.py::test_an_estimate_reaches_from_plain_english_without_the_schema_to_every_byte",
        ),
    ),
    Mutant(
        name="an answer may be longer than its limit",
        where="handlers/runs/estimate.py",
        old="records * min(each, analysis.max_output_tokens)",
        new="records * each",
        tests=(
            "tests/handlers/test_estimate.py::test_no_answer_is_expected_to_be_longer_than_its_limit",
        ),
    ),
    Mutant(
        name="what a plan may cost is estimated without what answers took",
        where="handlers/plan_run.py",
        old='params["model"], analysis, rates)',
        new='params["model"], analysis)',
        tests=(
            "tests/handlers/test_budgets.py::test_a_refusal_tells_small_money_in_digits_that_say_something",
        ),
    ),
    Mutant(
        name="answers to another prompt are measured too",
        where="tracking/queries/runs/measured_tokens.sql",
        old="  AND r.prompt_fingerprint = @prompt_fingerprint\n",
        new="",
        tests=(
            "tests/handlers/test_token_rates.py::test_answers_of_another_model_or_prompt_say_nothing",
        ),
    ),
    Mutant(
        name="the schema is taken as never billed",
        where="handlers/runs/token_rates.py",
        old="return texts.low, texts.high + schema",
        new="return texts.low, texts.low",
        tests=(
            "tests/handlers/test_token_rates.py::test_longer_and_shorter_transcripts_are_estimated_right",
        ),
    ),
    Mutant(
        name="cached tokens are shown as input too",
        where="handlers/summary/costs.py",
        old='"input": totals.prompt_tokens - totals.cached_tokens,',
        new='"input": totals.prompt_tokens,',
        tests=("tests/handlers/test_costs.py::test_the_parts_add_up_to_the_cost_of_the_tables",),
    ),
    Mutant(
        name="thoughts are shown at the price of input",
        where="handlers/summary/costs.py",
        old='{"input": rates.input, "cached": rates.cached}',
        new='{"input": rates.input, "cached": rates.cached, "thoughts": rates.input}',
        tests=(
            "tests/handlers/test_costs.py::test_thoughts_cost_what_output_costs_and_cached_tokens_have_their_own_price",
        ),
    ),
    Mutant(
        name="a run of unknown cost is left out of the sum",
        where="handlers/summary/costs.py",
        old="cost = sum(known) if runs and len(known) == len(runs) else None",
        new="cost = sum(known) if known else None",
        tests=("tests/handlers/test_costs.py::test_an_unknown_price_stays_unknown_in_every_sum",),
    ),
    Mutant(
        name="a saving is valued at the mean of all runs first",
        where="handlers/summary/costs.py",
        old="each = of_run if of_run is not None else of_analysis",
        new="each = of_analysis if of_analysis is not None else of_run",
        tests=(
            "tests/handlers/test_costs.py::test_a_saving_is_valued_at_the_mean_of_its_own_run_where_that_is_known",
        ),
    ),
    Mutant(
        name="an attempt of unknown cost is left out of the run's cost",
        where="tracking/queries/runs/run_totals.sql",
        old="IF(COUNTIF(k.cost IS NULL) > 0, NULL, SUM(k.cost)) AS cost",
        new="SUM(k.cost) AS cost",
        tests=(
            "tests/tracking/test_spending.py::test_one_attempt_of_unknown_cost_makes_the_cost_of_its_run_unknown",
        ),
    ),
    Mutant(
        name="first attempts count as repeated cost",
        where="tracking/queries/runs/run_totals.sql",
        old="SUM(IF(k.attempt > 1, k.cost, 0))",
        new="SUM(k.cost)",
        tests=(
            "tests/tracking/test_spending.py::test_a_record_that_an_earlier_attempt_stored_is_counted_once_in_the_costs",
        ),
    ),
    Mutant(
        name="a row of an earlier attempt is counted again in the costs",
        where="tracking/fragments/costs/costs_of_costed.sql",
        old="MAX(k.analysed) AS analysed",
        new="SUM(k.analysed) AS analysed",
        tests=(
            "tests/tracking/test_spending.py::test_a_record_that_an_earlier_attempt_stored_is_counted_once_in_the_costs",
        ),
    ),
    Mutant(
        name="one unknown cost is left out of the costs of a run",
        where="tracking/fragments/costs/costs_of_costed.sql",
        old="COUNTIF(k.cost IS NULL) AS unknown",
        new="0 AS unknown",
        tests=(
            "tests/tracking/test_spending.py::test_one_attempt_of_unknown_cost_makes_the_cost_of_its_run_unknown",
        ),
    ),
    Mutant(
        name="a list of runs shows a part of a cost",
        where="tracking/queries/runs/runs.sql",
        old="IF(COUNTIF(cost IS NULL) > 0, NULL, SUM(cost)) AS cost",
        new="SUM(cost) AS cost",
        tests=(
            "tests/tracking/test_spending.py::test_one_attempt_of_unknown_cost_makes_the_cost_of_its_run_unknown",
        ),
    ),
    Mutant(
        name="the breaker trips at its limit",
        where="handlers/runs/circuit_breaker.py",
        old="failed_percent(progress) > most_percent",
        new="failed_percent(progress) >= most_percent",
        tests=(
            "tests/handlers/test_window.py::test_the_breaker_trips_above_its_limit_while_the_run_can_still_be_stopped",
        ),
    ),
    Mutant(
        name="the breaker never trips",
        where="handlers/advance_run.py",
        old="if breaker_trips(progress, settings_of(plan).breaker):",
        new="if breaker_trips(progress, 100.0):",
        tests=("tests/handlers/test_advancing.py",),
    ),
    Mutant(
        name="the breaker stops a run that is over",
        where="handlers/runs/circuit_breaker.py",
        old="progress.stopped or progress.finished >= progress.batches or not",
        new="progress.stopped or not",
        tests=(
            "tests/handlers/test_window.py::test_the_breaker_trips_above_its_limit_while_the_run_can_still_be_stopped",
        ),
    ),
    Mutant(
        name="the window is one batch wider than allowed",
        where="handlers/runs/window.py",
        old="return min(progress.batches, concurrency + progress.finished)",
        new="return min(progress.batches, concurrency + progress.finished + 1)",
        tests=("tests/handlers/test_window.py::test_four_batches_at_once_run_after_the_canary",),
    ),
    Mutant(
        name="a run is not stopped before its memberships expire",
        where="handlers/advance_run.py",
        old="age_of(plan.day, today) > policy.run_days",
        new="age_of(plan.day, today) > 2 * policy.run_days",
        tests=("tests/handlers/test_advancing.py",),
    ),
    Mutant(
        name="a refused job stops nothing",
        where="handlers/advance_run.py",
        old="    if progress.refused:\n",
        new="    if progress.refused and progress.stopped:\n",
        tests=(
            "tests/handlers/test_when_answers_fail.py::test_a_permanent_cause_stops_the_run_and_releases_its_records",
        ),
    ),
    Mutant(
        name="a run completes with its last batch open",
        where="handlers/advance_run.py",
        old="if progress.finished >= progress.batches:",
        new="if progress.finished >= progress.batches - 1:",
        tests=(
            "tests/handlers/test_whole_runs.py::test_one_row_per_transcript_and_balanced_books",
        ),
    ),
    Mutant(
        name="a failed record counts once for each attempt",
        where="tracking/queries/runs/progress.sql",
        old="SUM(IF(open = 0, failed, 0)) AS failed",
        new="SUM(failed) AS failed",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_a_record_that_failed_in_an_early_attempt_counts_once",
        ),
    ),
    Mutant(
        name="the end of a later batch counts for the ones before it",
        where="tracking/queries/runs/progress.sql",
        old="PARTITION BY c.is_over ORDER BY c.batch) = c.batch - @after",
        new="PARTITION BY c.is_over ORDER BY c.batch) <= c.batch - @after",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_a_batch_that_is_over_before_the_one_ahead_of_it_is_not_passed_by",
        ),
    ),
    Mutant(
        name="a batch begins that the window does not allow",
        where="tracking/queries/batches/batches_to_begin.sql",
        old="AND planned_on = @planned_on AND batch > @after AND batch <= @last\n  GROUP",
        new="AND planned_on = @planned_on AND batch > @after AND batch <= @last + 1\n  GROUP",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_only_batches_within_the_window_that_have_not_begun_may_begin",
        ),
    ),
)
