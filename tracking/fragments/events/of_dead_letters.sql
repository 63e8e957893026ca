-- Only of events that were a dead letter once: they are few, and the window is over these alone. It reads
-- the table twice, so it is not for a warehouse that bills what is read.
event_id IN (SELECT event_id FROM deliveries WHERE recorded_on >= @since AND outcome = 'dead_lettered')
