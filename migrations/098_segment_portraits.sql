-- What each segment is like (in words, judged, with its worth), how probably a member belongs to one, and the level of service that a
-- customer's needs ask for.
ALTER TABLE segment ADD COLUMN portrait TEXT NOT NULL DEFAULT '{}';
ALTER TABLE segment_member ADD COLUMN likeness DOUBLE PRECISION;
ALTER TABLE customer_state ADD COLUMN service_level TEXT;
