-- What an order asks of all its entries (JSON), and the order whose failed entries it tries again
-- or whose acts it undoes.
ALTER TABLE number_order ADD COLUMN params TEXT;
ALTER TABLE number_order ADD COLUMN retries_id UUID;
ALTER TABLE number_order ADD COLUMN undoes_id UUID;
CREATE INDEX number_order_tenant_created ON number_order
    ((CASE WHEN operator_id IS NULL THEN tenant_id END), created_at, id);
CREATE INDEX number_order_tenant_status ON number_order
    ((CASE WHEN operator_id IS NULL THEN tenant_id END), status, id);
CREATE INDEX number_order_tenant_kind ON number_order
    ((CASE WHEN operator_id IS NULL THEN tenant_id END), kind, id);

-- What an entry asks beside its columns (JSON), what it found and left (JSON, for an undo), and
-- the line of the file it came from.
ALTER TABLE number_order_entry ADD COLUMN asked TEXT;
ALTER TABLE number_order_entry ADD COLUMN former TEXT;
ALTER TABLE number_order_entry ADD COLUMN line BIGINT;
CREATE INDEX number_order_entry_failed ON number_order_entry (order_id, ordinal)
    WHERE status = 'error';

-- Whether the number is kept from being assigned: for ever, or until an instant, or not.
ALTER TABLE number ADD COLUMN blocked_forever BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE number ADD COLUMN blocked_until BIGINT;

-- A tenant's words for its numbers. How a tag compares is its lower case; how it is shown was
-- settled by whoever used it first.
CREATE TABLE tag (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant_id, folded)
);
CREATE TABLE number_tag (
    number BIGINT NOT NULL REFERENCES number (number) ON DELETE CASCADE,
    tenant_id UUID NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (number, folded),
    FOREIGN KEY (tenant_id, folded) REFERENCES tag (tenant_id, folded)
);
CREATE INDEX number_tag_by_tag ON number_tag (tenant_id, folded, number);

-- What a tenant wants done unless an operation says otherwise.
CREATE TABLE number_settings (
    tenant_id UUID PRIMARY KEY REFERENCES tenant (id),
    assignment_email BOOLEAN NOT NULL,
    unassignment_email BOOLEAN NOT NULL,
    block_forever BOOLEAN NOT NULL,
    block_days BIGINT,
    version BIGINT NOT NULL,
    CHECK (NOT (block_forever AND block_days IS NOT NULL)),
    CHECK (block_days IS NULL OR block_days BETWEEN 1 AND 365)
);

-- The last assignment or its end that was no order's, so that it can be undone.
CREATE TABLE number_former (
    number BIGINT PRIMARY KEY REFERENCES number (number) ON DELETE CASCADE,
    tenant_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('assign', 'unassign')),
    trace TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- What failed in an operator's orders, until somebody has seen to it.
CREATE TABLE order_message (
    id UUID PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES operator (id),
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    order_id UUID NOT NULL REFERENCES number_order (id),
    ordinal BIGINT NOT NULL,
    number_text TEXT NOT NULL,
    ticket_id TEXT,
    error TEXT NOT NULL,
    code TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX order_message_by_operator ON order_message (operator_id, id);
CREATE INDEX order_message_tenant ON order_message (operator_id, tenant_id, id);
CREATE INDEX order_message_code ON order_message (operator_id, code, id);
CREATE INDEX order_message_order ON order_message (operator_id, order_id, id);
