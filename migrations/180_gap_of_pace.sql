-- A pace is kept as the least time between two messages: a sender that is being warmed up sends fewer than one a second.
ALTER TABLE delivery_pace ADD COLUMN gap BIGINT NOT NULL DEFAULT 0;
UPDATE delivery_pace SET gap = 1000000 / per_second;
ALTER TABLE delivery_pace DROP COLUMN per_second;
