-- Files that come over REST: who sent them, which job imports them, and why one could not be imported.
ALTER TABLE import_log ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE import_log ADD COLUMN job_id BIGINT;
ALTER TABLE import_log ADD COLUMN error TEXT;

-- How far a job is: JSON.
ALTER TABLE job ADD COLUMN progress TEXT;
