-- How many rows of this person does each table hold, and does an open run hold a record?
SELECT
  (SELECT COUNT(*) FROM processed_records AS p WHERE p.phone_number_token = @phone_number_token)
    AS processed,
  (
    SELECT COUNT(*) FROM batch_records AS b
    WHERE b.planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
      AND b.phone_number_token = @phone_number_token
  ) AS members,
  (
    SELECT COUNT(*) FROM error_tracking AS e
    WHERE e.record_id IN (
{records_of_person}
    )
  ) AS errors,
  (
    SELECT COUNT(*) FROM review_samples AS r
    WHERE r.record_id IN (
{records_of_person}
    )
  ) AS review_rows,
  (
    SELECT COUNT(DISTINCT CONCAT(l.sample_id, ' ', l.reviewer, ' ', l.record_id))
    FROM review_labels AS l
    WHERE l.phone_number_token = @phone_number_token OR l.record_id IN (
{records_of_person}
    )
  ) AS review_labels,
  (
    SELECT COUNT(DISTINCT CONCAT(g.golden, ' ', g.record_id)) FROM golden_labels AS g
    WHERE g.phone_number_token = @phone_number_token OR g.record_id IN (
{records_of_person}
    )
  ) AS golden_labels,
  (SELECT COUNT(*) FROM ({source_rows}) AS s WHERE s.phone_number_token = @phone_number_token)
    AS source_rows,
  EXISTS (
{held_by_open_runs}
    AND m.phone_number_token = @phone_number_token
  ) AS is_held
