-- A number may also be claimed on the compatible face, which has no orders.
CREATE TABLE number_dispute_new (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'withdrawn', 'conceded', 'upheld', 'rejected')),
    claimant_id UUID NOT NULL REFERENCES operator (id),
    claimant_tenant UUID NOT NULL REFERENCES tenant (id),
    holder_id UUID NOT NULL REFERENCES operator (id),
    holder_tenant UUID NOT NULL REFERENCES tenant (id),
    order_id UUID REFERENCES number_order (id),
    comment TEXT,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT
);
INSERT INTO number_dispute_new SELECT id, number, state, claimant_id, claimant_tenant, holder_id,
    holder_tenant, order_id, comment, opened_at, closed_at FROM number_dispute;
DROP TABLE number_dispute;
ALTER TABLE number_dispute_new RENAME TO number_dispute;
CREATE UNIQUE INDEX number_dispute_open ON number_dispute (number, claimant_id, holder_id)
    WHERE state = 'open';
CREATE INDEX number_dispute_claimant ON number_dispute (claimant_id, id);
CREATE INDEX number_dispute_holder ON number_dispute (holder_id, id);
