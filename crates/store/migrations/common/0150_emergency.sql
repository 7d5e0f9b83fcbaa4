-- Somebody of a tenant called for help. One row a call, however often edges bring its record: what is
-- told of it is told once.
CREATE TABLE emergency_call (
    call_id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX emergency_call_of_tenant ON emergency_call (tenant_id, call_id);

-- Dial strings of a calling profile, and the profile it leaves emergency calls to.
ALTER TABLE calling_profile ADD COLUMN emergency TEXT;
ALTER TABLE calling_profile ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
