-- Edges that were heard. An id belongs to the principal that brought it first: no foreign key, since
-- the edge within a control plane has none.
CREATE TABLE edge (
    id UUID PRIMARY KEY,
    principal_id UUID NOT NULL,
    started_at BIGINT NOT NULL,
    heard_at BIGINT NOT NULL,
    lost_at BIGINT
);
-- Why an alarm is over where its edge did not say so: edge_restarted, edge_lost, edge_forgotten.
ALTER TABLE alarm ADD COLUMN ended_by TEXT;
