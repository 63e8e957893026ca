-- Which rows of this run does a review sample take? One of each stratum in turn, as the seed orders them.
-- Only ids are sorted, and first in 256 parts of a stratum, so that no worker sorts a whole run.
WITH
strata AS (
  SELECT
    t.record_id,
    t.batch,
    {stratum} AS stratum,
    {priority} AS priority,
    TO_HEX(SHA256(CONCAT(@seed, ' ', t.record_id))) AS place
  FROM {output} AS t
  {joined}
  WHERE t.run_id = @run_id AND t.analysed_at >= TIMESTAMP(@planned_on)
),
sizes AS (
  SELECT stratum, COUNT(*) AS size
  FROM strata
  WHERE stratum IS NOT NULL
  GROUP BY stratum
),
first_of_parts AS (
  SELECT
    s.record_id, s.batch, s.stratum, s.priority, s.place,
    ROW_NUMBER() OVER (
      PARTITION BY s.stratum, SUBSTR(s.place, 1, 2) ORDER BY s.priority, s.place
    ) AS nth
  FROM strata AS s
  WHERE s.stratum IS NOT NULL
),
turns AS (
  SELECT
    p.record_id, p.batch, p.stratum, p.place,
    ROW_NUMBER() OVER (PARTITION BY p.stratum ORDER BY p.priority, p.place) AS turn
  FROM first_of_parts AS p
  WHERE p.nth <= @sample
)
SELECT
  t.record_id, t.batch, t.stratum, z.size,
  (SELECT COUNT(*) FROM sizes) AS strata,
  (SELECT SUM(a.size) FROM sizes AS a) AS eligible
FROM turns AS t
JOIN sizes AS z ON z.stratum = t.stratum
ORDER BY t.turn, t.place, t.record_id
LIMIT @sample
