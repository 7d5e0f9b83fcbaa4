-- Requests that each node let through, so that several nodes hold one limit: a count that only
-- grows from `begun` on, with the database's time of its last growth.
CREATE TABLE request_use (
    caller TEXT NOT NULL,
    node UUID NOT NULL,
    begun BIGINT NOT NULL,
    used BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (caller, node)
);
CREATE INDEX request_use_by_time ON request_use (at);
