-- Up to when messages to a domain with a pace of its own have been given their turns, so that each is put off once.
ALTER TABLE delivery_pace ADD COLUMN turns_until BIGINT NOT NULL DEFAULT 0;
