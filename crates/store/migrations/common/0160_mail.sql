-- A mail to somebody of a tenant, written with the act that it tells of and sent by whichever node holds
-- its lease. The address is kept here: who lost a number may be gone by the time it is sent.
CREATE TABLE mail (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    person_id UUID NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('number_assigned', 'number_unassigned')),
    number BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_owner UUID,
    lease_until BIGINT NOT NULL,
    settled_at BIGINT,
    error_code TEXT,
    error TEXT
);
CREATE INDEX mail_of_tenant ON mail (tenant_id, id);
CREATE INDEX mail_by_due ON mail (due_at) WHERE state = 'waiting';
CREATE INDEX mail_by_age ON mail (settled_at) WHERE state <> 'waiting';
