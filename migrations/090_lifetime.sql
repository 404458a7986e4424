-- What a customer is expected to bring, by the lifetime model: one row each, of the last scoring. Money in minor units.
CREATE TABLE lifetime_score (
    customer_id BIGINT PRIMARY KEY,
    model_version_id BIGINT NOT NULL,
    computed_at BIGINT NOT NULL,
    horizon_days INTEGER NOT NULL,
    value_days INTEGER NOT NULL,
    interval_share DOUBLE PRECISION NOT NULL,
    historic BIGINT NOT NULL,
    predicted BIGINT NOT NULL,
    predicted_low BIGINT NOT NULL,
    predicted_high BIGINT NOT NULL,
    of_contracts BIGINT NOT NULL,
    expected_orders DOUBLE PRECISION NOT NULL,
    orders_low INTEGER NOT NULL,
    orders_high INTEGER NOT NULL,
    p_alive DOUBLE PRECISION,
    order_value BIGINT,
    order_chance DOUBLE PRECISION,
    next_order_days DOUBLE PRECISION,
    next_order_days_low DOUBLE PRECISION,
    next_order_days_high DOUBLE PRECISION
);
