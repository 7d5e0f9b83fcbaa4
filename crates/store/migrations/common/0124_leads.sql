-- An operator's invitation of a tenant, by its domain or by a code that the tenant shows. Which
-- tenant it is stands here once the tenant has shown the code, or has decided.
CREATE TABLE lead (
    id UUID PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES operator (id),
    tenant_id UUID REFERENCES tenant (id),
    domain TEXT,
    code_hash BYTEA UNIQUE,
    countries TEXT NOT NULL,
    message TEXT,
    status TEXT NOT NULL CHECK (status IN ('open', 'accepted', 'declined', 'withdrawn')),
    comment TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_at BIGINT,
    CHECK ((domain IS NULL) <> (code_hash IS NULL)),
    CHECK (created_at < expires_at)
);
CREATE INDEX lead_operator ON lead (operator_id, id);
CREATE INDEX lead_tenant ON lead (tenant_id, id);
CREATE INDEX lead_domain ON lead (domain, id);
