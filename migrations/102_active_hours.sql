-- In which hours of their own week customers are active: `19:2 91:1`, the hour (0 from Monday 00 o'clock) and how often.
ALTER TABLE customer_state ADD COLUMN active_hours TEXT NOT NULL DEFAULT '';
