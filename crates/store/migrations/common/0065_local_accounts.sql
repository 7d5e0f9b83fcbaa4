-- A person's login and password, for those whom no issuer vouches for.
CREATE TABLE local_account (
    principal_id UUID PRIMARY KEY REFERENCES principal (id),
    login TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    totp_secret BYTEA,
    totp_confirmed BOOLEAN NOT NULL,
    -- The last time step whose code was used: none is good twice.
    totp_step BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (totp_secret IS NOT NULL OR NOT totp_confirmed)
);
-- Each good once, for who has lost the device.
CREATE TABLE recovery_code (
    principal_id UUID NOT NULL REFERENCES principal (id),
    hash BYTEA NOT NULL,
    PRIMARY KEY (principal_id, hash)
);
