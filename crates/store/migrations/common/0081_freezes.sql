-- Windows in which nothing is to be changed: a tenant's, or, without one, everybody's.
CREATE TABLE change_freeze (
    id UUID PRIMARY KEY,
    tenant_id UUID REFERENCES tenant (id),
    name TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (starts_at < ends_at)
);
CREATE INDEX change_freeze_tenant ON change_freeze (tenant_id, id);
CREATE INDEX change_freeze_end ON change_freeze (ends_at);
