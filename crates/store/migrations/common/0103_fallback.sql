-- Operators that stand in for others with a tenant's calls outside, in their order (a JSON list of
-- ids). Those without the tenant's active consent stand in for nobody.
CREATE TABLE fallback_operators (
    tenant_id UUID PRIMARY KEY REFERENCES tenant (id),
    operators TEXT NOT NULL,
    version BIGINT NOT NULL
);
