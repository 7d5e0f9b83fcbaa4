-- Tenants' own ways to the PSTN (Direct Routing): gateways, which are trunks of one tenant, and the
-- routes over them. Columns are those of `trunk`.
CREATE TABLE gateway (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    fqdn TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    sources TEXT NOT NULL,
    match_port BOOLEAN NOT NULL,
    transport TEXT NOT NULL CHECK (transport IN ('udp', 'tcp')),
    country TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    send_options BOOLEAN NOT NULL,
    options_interval_seconds BIGINT NOT NULL,
    failover_time_seconds BIGINT NOT NULL,
    max_uri BIGINT NOT NULL,
    single_early_dialog BOOLEAN NOT NULL,
    max_concurrent_calls BIGINT,
    max_calls_per_second BIGINT,
    version BIGINT NOT NULL,
    UNIQUE (tenant_id, id)
);

-- A tenant's PSTN usages and routes, all in one document: they are read and written together. The
-- gateways it names are the tenant's: a gateway that is named cannot be removed.
CREATE TABLE voice_routing (
    tenant_id UUID PRIMARY KEY REFERENCES tenant (id),
    rules TEXT NOT NULL,
    version BIGINT NOT NULL
);
