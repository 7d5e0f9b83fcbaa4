-- What operators say of how long their legs lasted. Every push is a row; the newest of a call counts,
-- and none ever changes what the edges measured. A call outlives what it names, so nothing here refers
-- to other tables.
CREATE TABLE call_duration (
    id UUID PRIMARY KEY,
    call_id UUID NOT NULL,
    operator_id UUID NOT NULL,
    tenant_id UUID,
    leg TEXT NOT NULL CHECK (leg IN ('in', 'out')),
    connected_ms BIGINT,
    billed_ms BIGINT,
    matched_by TEXT NOT NULL CHECK (matched_by IN ('call_id', 'sip_call_id', 'parties')),
    reference TEXT,
    principal_id UUID NOT NULL,
    pushed_at BIGINT NOT NULL,
    CHECK (connected_ms IS NOT NULL OR billed_ms IS NOT NULL)
);
CREATE INDEX call_duration_by_call ON call_duration (call_id, id);

-- Files of call records that were handed out whole: what was in them, for whom, and their digest.
CREATE TABLE call_export (
    id UUID PRIMARY KEY,
    tenant_id UUID,
    operator_id UUID,
    format TEXT NOT NULL CHECK (format IN ('csv', 'parquet')),
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    byte_count BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    principal_id UUID NOT NULL,
    principal TEXT NOT NULL
);
CREATE INDEX call_export_by_tenant ON call_export (tenant_id, id);
CREATE INDEX call_export_by_operator ON call_export (operator_id, id);
