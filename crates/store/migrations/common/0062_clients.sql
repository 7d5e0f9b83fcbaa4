-- Two secrets of a client may be good at once, so that it gets a new one without a break.
CREATE TABLE client_secret (
    id UUID PRIMARY KEY,
    principal_id UUID NOT NULL REFERENCES principal (id),
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX client_secret_by_principal ON client_secret (principal_id);
INSERT INTO client_secret (id, principal_id, hash, created_at)
    SELECT id, id, secret_hash, created_at FROM principal;
ALTER TABLE principal DROP COLUMN secret_hash;

-- Public keys for private_key_jwt (RFC 7523), and the assertions seen, so that none is good twice.
CREATE TABLE client_key (
    id UUID PRIMARY KEY,
    principal_id UUID NOT NULL REFERENCES principal (id),
    kid TEXT NOT NULL,
    jwk TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (principal_id, kid)
);
CREATE TABLE client_assertion (
    principal_id UUID NOT NULL REFERENCES principal (id),
    jti_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal_id, jti_hash)
);
CREATE INDEX client_assertion_by_expiry ON client_assertion (expires_at);

-- Who else may say who somebody is: tokens of this issuer for this audience.
CREATE TABLE issuer (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    audience TEXT NOT NULL,
    jwks_uri TEXT,
    operator_id UUID REFERENCES operator (id),
    tenant_id UUID REFERENCES tenant (id),
    role_claim TEXT NOT NULL,
    roles TEXT NOT NULL,
    organisation_claim TEXT,
    organisation TEXT NOT NULL,
    login_client_id TEXT,
    login_client_secret TEXT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (issuer, audience, organisation),
    CHECK (operator_id IS NULL OR tenant_id IS NULL)
);

ALTER TABLE principal ADD COLUMN disabled_at BIGINT;
ALTER TABLE principal ADD COLUMN jwks_uri TEXT;
-- Whom an issuer vouches for; no reference, so that the issuer can go while the trace stays.
ALTER TABLE principal ADD COLUMN issuer_id UUID;
ALTER TABLE principal ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX principal_by_subject ON principal (issuer_id, subject)
    WHERE issuer_id IS NOT NULL;

-- A revoked token is remembered until it would have ended, to be told from an unknown one.
ALTER TABLE token ADD COLUMN revoked_at BIGINT;
-- Those that people make for their programs have a name, and an id to be revoked by.
ALTER TABLE token ADD COLUMN id UUID;
ALTER TABLE token ADD COLUMN name TEXT;
CREATE INDEX token_by_principal ON token (principal_id);
