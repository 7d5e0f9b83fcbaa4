-- How a person's calls are forwarded, and who acts for them, all in one document: it is read and
-- written together. Who never set anything has no row.
CREATE TABLE calling_settings (
    person_id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    settings TEXT NOT NULL,
    version BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX calling_settings_tenant ON calling_settings (tenant_id, person_id);

-- The external SIP targets that play and record for a tenant: its voicemail and its announcements.
-- The gateways they name are the tenant's: one that is named cannot be removed.
CREATE TABLE voice_targets (
    tenant_id UUID PRIMARY KEY REFERENCES tenant (id),
    targets TEXT NOT NULL,
    version BIGINT NOT NULL
);

-- A gateway to what plays and records: no voice route and no call for help leaves by it.
ALTER TABLE gateway ADD COLUMN voice_app BOOLEAN NOT NULL DEFAULT FALSE;

-- Who forwarded a call last before it was answered, and why.
ALTER TABLE cdr ADD COLUMN forwarded_by_id UUID;
ALTER TABLE cdr ADD COLUMN forward_cause TEXT;
