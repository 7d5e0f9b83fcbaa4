-- What a trunk may carry over all edges; NULL for no limit.
ALTER TABLE trunk ADD COLUMN max_concurrent_calls BIGINT;
ALTER TABLE trunk ADD COLUMN max_calls_per_second BIGINT;
