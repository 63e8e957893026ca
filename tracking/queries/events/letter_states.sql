-- How far are these events with their handlers: does a dead letter wait, and of which generation?
WITH
states AS (
{delivery_states}
)
SELECT event_id, handler, topic, generation, is_done, is_discarded, is_dead_lettered
FROM states
WHERE event_id IN UNNEST(@event_ids)
