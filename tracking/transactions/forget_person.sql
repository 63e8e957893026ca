-- Forget one person: delete every row with the token, and every error of the person's records.
-- The runs count the records that they lose as cleared. The source table belongs to the user and
-- is not changed.
BEGIN TRANSACTION;

-- Every plan updates this row first, so no plan sees a part of this transaction.
UPDATE planning_lock SET plans = plans + 1, last_run_id = NULL WHERE TRUE;

CREATE TEMP TABLE forgotten AS
{records_of_person};

CREATE TEMP TABLE losses AS
SELECT m.run_id, COUNT(DISTINCT m.record_id) AS records
FROM batch_records AS m
WHERE m.planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  AND m.phone_number_token = @phone_number_token
  AND IF(EXISTS (
{held_by_open_runs}
    AND m.phone_number_token = @phone_number_token
  ), ERROR('an open run holds records of this person'), TRUE)
GROUP BY m.run_id;

-- clearing_id follows events/ids.py.
INSERT INTO history_clearings (clearing_id, run_id, records, reason, cleared_at)
SELECT CONCAT(@clearing_id, '__', l.run_id), l.run_id, l.records, 'forgotten', CURRENT_TIMESTAMP()
FROM losses AS l
WHERE NOT EXISTS (
  SELECT 1 FROM history_clearings AS h WHERE h.clearing_id = CONCAT(@clearing_id, '__', l.run_id)
);

{delete_rows_of_person}

DELETE FROM processed_records WHERE phone_number_token = @phone_number_token;

DELETE FROM batch_records
WHERE planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  AND phone_number_token = @phone_number_token;

DELETE FROM error_tracking WHERE record_id IN (SELECT record_id FROM forgotten);

DELETE FROM golden_labels
WHERE phone_number_token = @phone_number_token OR record_id IN (SELECT record_id FROM forgotten);

DELETE FROM review_labels
WHERE phone_number_token = @phone_number_token OR record_id IN (SELECT record_id FROM forgotten);

DELETE FROM review_samples WHERE record_id IN (SELECT record_id FROM forgotten);

COMMIT TRANSACTION;
