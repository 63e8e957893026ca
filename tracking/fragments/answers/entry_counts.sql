-- How many different entries, or words, does each side have, and how many have both?
(SELECT COUNT(DISTINCT entry) FROM UNNEST(e.entries_a_{at}) AS entry) AS size_a_{at},
(SELECT COUNT(DISTINCT entry) FROM UNNEST(e.entries_b_{at}) AS entry) AS size_b_{at},
(
  SELECT COUNT(DISTINCT entry)
  FROM UNNEST(e.entries_a_{at}) AS entry
  WHERE entry IN UNNEST(e.entries_b_{at})
) AS shared_{at}
