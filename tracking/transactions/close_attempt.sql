-- Close one attempt once: store its rows, errors, totals and outcome, all of them or none.
-- @ending is how the jobs ended: succeeded, failed, cancelled, refused or discarded, or reread for a
-- run that reads stored answers; @cause why they broke off. The outcome:
--   answered    a further attempt may request the open records again;
--   unanswered  the service failed on every request: this uses up no attempt, and the next one waits;
--   released    a stop or an operator (a void claim) ended it; the open records are left to the next plan;
--   refused     a permanent cause outside the records ended it; as released, and the run stops.
-- Every INSERT is guarded: a job that failed after its commit is run again.
BEGIN TRANSACTION;

CREATE TEMP TABLE requested AS
{requested_records};

-- Equal answers of one job for one record are one answer, also in cost. Of different ones, those whose
-- line echoes the transcript that was asked are good; it is not known which of the others is.
CREATE TEMP TABLE answers AS
SELECT
  k.*,
  k.record_id IS NOT NULL AND ROW_NUMBER() OVER (
    PARTITION BY
      k.record_id, k.job, k.own_error, k.answer_json, IF(k.own_error IS NULL, NULL, k.output_tokens)
    ORDER BY k.grade_rank, k.line
  ) > 1 AS is_repeated,
  CASE
    WHEN k.own_error IS NOT NULL THEN k.own_error
    WHEN NOT k.is_proved AND MIN(k.answer_json) OVER (PARTITION BY k.record_id, k.job)
      <> MAX(k.answer_json) OVER (PARTITION BY k.record_id, k.job) THEN 'duplicate_key'
  END AS error
FROM (
  SELECT
    s.*,
    m.record_id IS NOT NULL AS is_requested,
    COALESCE(s.text_fingerprint = m.text_fingerprint, FALSE) AS is_proved,
    CASE
      WHEN s.record_id IS NULL THEN s.error_type
      WHEN m.record_id IS NULL THEN 'unknown_key'
      WHEN s.text_fingerprint <> m.text_fingerprint THEN 'key_mismatch'
      ELSE s.error_type
    END AS own_error,
    IF(
      s.copies > 1 AND s.error_type IS NULL, TO_JSON_STRING(STRUCT({s_answer_columns})), NULL
    ) AS answer_json,
    CASE s.grade WHEN 'exact' THEN 0 WHEN 'normalised' THEN 10 ELSE 20 END
    + CASE s.repair_grade WHEN 'exact' THEN 0 WHEN 'mended' THEN 1 ELSE 2 END AS grade_rank
  FROM (
    SELECT t.*, COUNT(*) OVER (PARTITION BY t.record_id, t.job) AS copies FROM {staged} AS t
  ) AS s
  LEFT JOIN requested AS m ON m.record_id = s.record_id
  -- What a reread run does not ask for was read and counted by the run that asked.
  WHERE @ending <> 'reread' OR m.record_id IS NOT NULL
) AS k;

-- A good answer counts more than an error under the same key, a proved one more than another, and of
-- proved ones the better grade.
CREATE TEMP TABLE chosen AS
SELECT a.*
FROM answers AS a
WHERE a.is_requested
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY a.record_id
  ORDER BY a.error IS NOT NULL, IF(a.is_proved, a.grade_rank, 99), a.job, a.grade_rank, a.line
) = 1;

-- Which columns of the new rows were normalised or left null, and in how many?
CREATE TEMP TABLE field_counts AS
SELECT
  f.field,
  COUNTIF(f.is_normalised) AS normalised,
  COUNTIF(NOT f.is_normalised) AS nulled
FROM (
  SELECT changed_field AS field, TRUE AS is_normalised
  FROM chosen AS c CROSS JOIN UNNEST(c.normalised_fields) AS changed_field
  WHERE c.error IS NULL
  UNION ALL
  SELECT changed_field, FALSE
  FROM chosen AS c CROSS JOIN UNNEST(c.nulled_fields) AS changed_field
  WHERE c.error IS NULL
) AS f
GROUP BY f.field;

-- How the attempt ended, and how many attempts in a row before it went the same way. No plan takes
-- a record that this run holds, so what other runs stored is not looked at.
CREATE TEMP TABLE closing_outcome AS
SELECT
  o.outcome,
  o.is_broken,
  CASE
    WHEN @ending = 'refused' THEN 'job_refused'
    WHEN @ending = 'reread' THEN 'not_reread'
    WHEN @ending = 'discarded' OR o.is_void THEN 'discarded'
    WHEN o.outcome = 'released' THEN COALESCE(o.stop_cause, 'cancelled')
    WHEN o.is_broken THEN @cause
    ELSE ''
  END AS cause,
  o.answered,
  o.is_broken AND @attempt - o.last_whole >= 3 AS is_third_break,
  IF(
    o.outcome = 'unanswered' OR o.is_broken,
    CAST(LEAST(@longest_gap, @first_gap * POW(2, LEAST(@attempt - o.last_good - 1, 20))) AS INT64),
    NULL
  ) AS gap
FROM (
  SELECT
    CASE
      WHEN @ending = 'refused' THEN 'refused'
      WHEN @ending IN ('discarded', 'reread') OR v.is_void OR @never_started THEN 'released'
      WHEN @ending = 'cancelled' AND s.cause IS NOT NULL THEN 'released'
      WHEN a.answered = 0 AND (a.unserved > 0 OR @ending <> 'succeeded') THEN 'unanswered'
      ELSE 'answered'
    END AS outcome,
    @ending IN ('failed', 'cancelled') AS is_broken,
    s.cause AS stop_cause,
    a.answered,
    v.is_void,
    k.last_whole,
    k.last_good
  FROM (
{stop_cause}
  ) AS s
  CROSS JOIN (
    SELECT COUNT(*) > 0 AS is_void
    FROM claims
    WHERE run_id = @run_id AND planned_on = @planned_on AND batch = @batch AND attempt = @attempt
      AND state = 'void'
  ) AS v
  CROSS JOIN (
    SELECT
      COUNTIF(error_type IS NULL OR error_type <> 'service_error') AS answered,
      COUNTIF(error_type = 'service_error') AS unserved
    FROM answers
  ) AS a
  CROSS JOIN (
    SELECT
      COALESCE(MAX(IF(cause = '', attempt, NULL)), 0) AS last_whole,
      COALESCE(MAX(IF(cause = '' AND outcome = 'answered', attempt, NULL)), 0) AS last_good
    FROM attempt_closings
    WHERE run_id = @run_id AND planned_on = @planned_on AND batch = @batch AND attempt < @attempt
  ) AS k
) AS o;

-- Grounding: the share of the summary's words of four letters and more that the transcript contains.
-- A hallucinated summary has a low share. (DuckDB compiles `[\pL]{4,}` four times as long as `[\pL]+`.)
CREATE TEMP TABLE grounded AS
SELECT
  c.record_id,
  SAFE_DIVIDE(COUNTIF(STRPOS(LOWER(m.transcript), word) > 0), COUNT(*)) AS grounding
FROM chosen AS c
JOIN requested AS m ON m.record_id = c.record_id
CROSS JOIN UNNEST(REGEXP_EXTRACT_ALL(LOWER({summary}), r'[\pL]+')) AS word
WHERE @grounding AND c.error IS NULL AND CHAR_LENGTH(word) >= 4
GROUP BY c.record_id;

INSERT INTO {output} (
  phone_number_token, referenceId, interactionId, event_timestamp, attributes, {answer_columns},
  record_id, run_id, batch, attempt, model, analysis, prompt_fingerprint, reader_fingerprint,
  parse_method, repair_grade, grade, normalised_fields, nulled_fields, raw_values, finish_reason,
  prompt_tokens, cached_tokens, thoughts_tokens, output_tokens, grounding, cost, analysed_at
)
SELECT
  m.phone_number_token, m.reference_id, m.interaction_id, m.event_timestamp, m.attributes, {c_answer_columns},
  c.record_id, @run_id, @batch, @attempt, COALESCE(c.model_version, @model), @analysis,
  @prompt_fingerprint, @reader_fingerprint,
  c.parse_method, c.repair_grade, c.grade, c.normalised_fields, c.nulled_fields, c.raw_values,
  c.finish_reason,
  c.prompt_tokens, c.cached_tokens, c.thoughts_tokens, c.output_tokens,
  g.grounding, {cost_of_c}, CURRENT_TIMESTAMP()
FROM chosen AS c
JOIN requested AS m ON m.record_id = c.record_id
LEFT JOIN grounded AS g ON g.record_id = c.record_id
WHERE c.error IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM attempt_closings AS k
    WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch AND k.attempt = @attempt
  );

CREATE TEMP TABLE new_errors AS
SELECT
  a.error AS error_type, CAST(NULL AS STRING) AS cause, IF(a.is_requested, a.record_id, NULL) AS record_id,
  IF(a.is_requested, a.detail, CONCAT('record ', COALESCE(a.record_id, 'unknown'), ' was not requested')) AS detail,
  a.job, a.line
FROM answers AS a
WHERE a.error IS NOT NULL
  AND (
    NOT a.is_requested
    OR EXISTS (
      SELECT 1 FROM chosen AS c
      WHERE c.record_id = a.record_id AND c.job = a.job AND c.line = a.line
    )
  )
UNION ALL
SELECT IF(j.is_broken, 'no_answer', 'missing_response'), NULL, m.record_id, NULL, NULL, NULL
FROM requested AS m
CROSS JOIN closing_outcome AS j
WHERE j.outcome IN ('answered', 'unanswered')
  AND NOT EXISTS (SELECT 1 FROM chosen AS c WHERE c.record_id = m.record_id);

CREATE TEMP TABLE still_open AS
SELECT m.record_id, MAX(p.error_type) AS last_error
FROM requested AS m
LEFT JOIN new_errors AS p ON p.record_id = m.record_id
LEFT JOIN UNNEST(@error_type_rows) AS t ON t.error_type = p.error_type
WHERE NOT EXISTS (
  SELECT 1 FROM chosen AS c WHERE c.record_id = m.record_id AND c.error IS NULL
)
GROUP BY m.record_id
HAVING LOGICAL_AND(COALESCE(t.retryable, TRUE));

-- An attempt counts for a record when the service answered in it, and the job did not break off first.
CREATE TEMP TABLE used_attempts AS
SELECT
  o.record_id,
  COUNT(DISTINCT e.attempt)
  + COALESCE(MAX(IF(j.outcome = 'answered' AND o.last_error <> 'no_answer', 1, 0)), 0) AS attempts
FROM still_open AS o
CROSS JOIN closing_outcome AS j
LEFT JOIN (
  SELECT p.record_id, p.attempt
  FROM error_tracking AS p
  JOIN attempt_closings AS k ON k.attempt = p.attempt
  WHERE p.run_id = @run_id AND p.batch = @batch AND p.attempt < @attempt AND p.retryable
    AND p.error_type <> 'no_answer' AND p.created_at >= TIMESTAMP(@planned_on)
    AND k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch AND k.outcome = 'answered'
) AS e ON e.record_id = o.record_id
GROUP BY o.record_id;

INSERT INTO new_errors (error_type, cause, record_id, detail, job, line)
SELECT
  CASE
    WHEN j.outcome IN ('released', 'refused') THEN j.cause
    WHEN j.is_third_break THEN 'job_failed'
    WHEN o.last_error = 'service_error' THEN 'service_error_repeated'
    ELSE 'attempts_exhausted'
  END,
  COALESCE(o.last_error, IF(@ending = 'reread', @cause, NULL)), o.record_id, NULL, NULL, NULL
FROM still_open AS o
JOIN used_attempts AS u ON u.record_id = o.record_id
CROSS JOIN closing_outcome AS j
WHERE j.outcome IN ('released', 'refused') OR j.is_third_break OR u.attempts >= @max_attempts;

-- error_id follows events/ids.py.
INSERT INTO error_tracking (
  error_id, error_type, cause, scope, analysis, record_id, run_id, batch, attempt, job, line,
  retryable, replan, hint, detail, created_at
)
SELECT
  CONCAT(
    @attempt_id, '__', COALESCE(p.record_id, ''), '__',
    IF(p.job IS NULL, '', CONCAT(CAST(p.job AS STRING), '.', CAST(p.line AS STRING))),
    '__', p.error_type
  ),
  p.error_type, p.cause, 'record', @analysis, p.record_id, @run_id, @batch, @attempt,
  p.job, p.line, t.retryable, t.replan, t.hint, p.detail, CURRENT_TIMESTAMP()
FROM new_errors AS p
JOIN UNNEST(@error_type_rows) AS t ON t.error_type = p.error_type
WHERE NOT EXISTS (
  SELECT 1 FROM attempt_closings AS k
  WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch AND k.attempt = @attempt
);

INSERT INTO processed_records (
  record_id, analysis, phone_number_token, interaction_id, original_fingerprint,
  first_processed_execution_id, batch, attempt, processed_at
)
SELECT
  c.record_id, @analysis, m.phone_number_token, m.interaction_id, m.original_fingerprint,
  @run_id, @batch, @attempt, CURRENT_TIMESTAMP()
FROM chosen AS c
JOIN requested AS m ON m.record_id = c.record_id
WHERE c.error IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM attempt_closings AS k
    WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch AND k.attempt = @attempt
  );

INSERT INTO attempt_closings (
  run_id, planned_on, batch, attempt, closed_at, outcome, cause, jobs, outputs, asked, lines,
  answered, analysed, failed, released, open, prompt_tokens, cached_tokens, thoughts_tokens,
  output_tokens, cost, wasted, seconds, peak_megabytes, not_before, normalised, partial, field_counts,
  answered_by
)
SELECT
  @run_id, @planned_on, @batch, @attempt, CURRENT_TIMESTAMP(), j.outcome, j.cause,
  @jobs, @outputs, (SELECT COUNT(*) FROM requested), t.lines, j.answered,
  b.analysed, b.failed, b.released, b.records - b.analysed - b.failed - b.released,
  t.prompt_tokens, t.cached_tokens, t.thoughts_tokens, t.output_tokens, t.cost, t.wasted,
  @seconds, @peak_megabytes,
  IF(
    b.analysed + b.failed + b.released < b.records,
    TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL j.gap SECOND),
    NULL
  ),
  g.normalised, g.partial, f.counts, t.answered_by
FROM closing_outcome AS j
CROSS JOIN (
  SELECT COUNTIF(c.grade = 'normalised') AS normalised, COUNTIF(c.grade = 'partial') AS partial
  FROM chosen AS c
  WHERE c.error IS NULL
) AS g
CROSS JOIN (
  SELECT CONCAT('[', COALESCE(STRING_AGG(
    CONCAT(
      '["', n.field, '",', CAST(n.normalised AS STRING), ',', CAST(n.nulled AS STRING), ']'
    ), ',' ORDER BY n.field
  ), ''), ']') AS counts
  FROM field_counts AS n
) AS f
CROSS JOIN (
{batch_totals}
) AS b
CROSS JOIN (
  SELECT
    COUNT(*) AS lines,
    STRING_AGG(DISTINCT a.model_version, ', ' ORDER BY a.model_version) AS answered_by,
    COALESCE(SUM(IF(a.is_repeated, 0, a.prompt_tokens)), 0) AS prompt_tokens,
    COALESCE(SUM(IF(a.is_repeated, 0, a.cached_tokens)), 0) AS cached_tokens,
    COALESCE(SUM(IF(a.is_repeated, 0, a.thoughts_tokens)), 0) AS thoughts_tokens,
    COALESCE(SUM(IF(a.is_repeated, 0, a.output_tokens)), 0) AS output_tokens,
    IF(
      @input_price IS NULL, NULL, COALESCE(SUM(IF(a.is_repeated, 0, {cost_of_a})), 0)
    ) AS cost,
    IF(
      @input_price IS NULL, NULL,
      COALESCE(SUM(IF(a.error IS NULL OR a.is_repeated, 0, {cost_of_a})), 0)
    ) AS wasted
  FROM answers AS a
) AS t
WHERE NOT EXISTS (
  SELECT 1 FROM attempt_closings AS k
  WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch AND k.attempt = @attempt
);

COMMIT TRANSACTION;
