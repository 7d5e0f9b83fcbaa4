-- Alarms as edges raise them; open while cleared_at is null.
CREATE TABLE alarm (
    id UUID PRIMARY KEY,
    edge_id UUID NOT NULL,
    code TEXT NOT NULL,
    severity TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    cleared_at BIGINT
);
CREATE INDEX alarm_by_time ON alarm (raised_at, id);
CREATE INDEX alarm_by_end ON alarm (cleared_at);
CREATE INDEX alarm_by_edge ON alarm (edge_id, cleared_at);

-- A call is also looked for by the Call-IDs of its legs.
CREATE INDEX cdr_by_in_call_id ON cdr (in_call_id);
CREATE INDEX cdr_by_out_call_id ON cdr (out_call_id);
