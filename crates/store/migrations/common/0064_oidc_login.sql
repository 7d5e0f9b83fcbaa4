-- A sign-in that is under way at an issuer: used up when it comes back.
CREATE TABLE oidc_login (
    state_hash BYTEA PRIMARY KEY,
    issuer_id UUID NOT NULL REFERENCES issuer (id) ON DELETE CASCADE,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX oidc_login_by_expiry ON oidc_login (expires_at);
