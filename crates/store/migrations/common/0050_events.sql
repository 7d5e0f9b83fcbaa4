-- Whose a change is, so that a tenant or an operator reads its own part of the log and nothing
-- else. Neither: the house's. Changes from before this migration are the house's too.
ALTER TABLE change_log ADD COLUMN tenant_id UUID;
ALTER TABLE change_log ADD COLUMN operator_id UUID;
CREATE INDEX change_log_by_tenant ON change_log (tenant_id, pos) WHERE tenant_id IS NOT NULL;
CREATE INDEX change_log_by_operator ON change_log (operator_id, pos) WHERE operator_id IS NOT NULL;

-- A subscription follows the log by a cursor of its own: what was sent is what stands at or before
-- (epoch, position). Whoever holds the lease sends; whoever finds it run out takes over. Neither
-- tenant nor operator: the programme's.
CREATE TABLE webhook (
    id UUID PRIMARY KEY,
    tenant_id UUID REFERENCES tenant (id),
    operator_id UUID REFERENCES operator (id),
    endpoint TEXT NOT NULL,
    description TEXT NOT NULL,
    event_types TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    disabled_at BIGINT,
    disabled_reason TEXT,
    secret BYTEA NOT NULL,
    old_secret BYTEA,
    old_secret_until BIGINT,
    epoch UUID NOT NULL,
    position BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    failing_since BIGINT,
    due_at BIGINT NOT NULL,
    lease_owner UUID,
    lease_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (tenant_id IS NULL OR operator_id IS NULL),
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
);
CREATE INDEX webhook_by_tenant ON webhook (tenant_id, id);
CREATE INDEX webhook_by_operator ON webhook (operator_id, id);
CREATE INDEX webhook_by_due ON webhook (due_at) WHERE enabled;

-- What became of each attempt to deliver an event; forgotten after some days.
CREATE TABLE webhook_attempt (
    id UUID PRIMARY KEY,
    webhook_id UUID NOT NULL REFERENCES webhook (id),
    tenant_id UUID,
    operator_id UUID,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    ms BIGINT NOT NULL,
    status BIGINT,
    error_code TEXT,
    error TEXT
);
CREATE INDEX webhook_attempt_by_webhook ON webhook_attempt (webhook_id, id);
CREATE INDEX webhook_attempt_by_age ON webhook_attempt (at);
