-- The state of every event; a query for few of them has a condition of its own.
TRUE
