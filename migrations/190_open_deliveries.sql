-- Most deliveries have ended. What a worker looks for, and what a crash may have left, are few: the indexes hold only these, and a
-- message's way through its states writes them half as often. (`OR` rather than `IN`: SQLite sees only so that one state is meant.)
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (channel, state, next_at, id)
    WHERE state = 'planned' OR state = 'deferred' OR state = 'held';
DROP INDEX delivery_lease;
CREATE INDEX delivery_lease ON delivery (state, lease_until) WHERE state = 'claimed' OR state = 'committing';
