-- A number that an operator uploads while another operator's tenant holds it. Neither side is told
-- the other's tenant.
CREATE TABLE number_dispute (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'withdrawn', 'conceded', 'upheld', 'rejected')),
    claimant_id UUID NOT NULL REFERENCES operator (id),
    claimant_tenant UUID NOT NULL REFERENCES tenant (id),
    holder_id UUID NOT NULL REFERENCES operator (id),
    holder_tenant UUID NOT NULL REFERENCES tenant (id),
    order_id UUID NOT NULL REFERENCES number_order (id),
    comment TEXT,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT
);
-- Whoever uploads again while it is open opens no second one.
CREATE UNIQUE INDEX number_dispute_open ON number_dispute (number, claimant_id, holder_id)
    WHERE state = 'open';
CREATE INDEX number_dispute_claimant ON number_dispute (claimant_id, id);
CREATE INDEX number_dispute_holder ON number_dispute (holder_id, id);
