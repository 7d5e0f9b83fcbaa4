-- Whom the operator calls when something is wrong (JSON), and what the operator says of its side:
-- support hours, escalation, activation dates, services (JSON).
ALTER TABLE consent ADD COLUMN escalation_contacts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE consent ADD COLUMN engagement TEXT NOT NULL DEFAULT '{}';
-- Which notice and terms were accepted last.
ALTER TABLE consent ADD COLUMN notice_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE consent ADD COLUMN terms_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE consent ADD COLUMN accepted_at BIGINT;
ALTER TABLE consent ADD COLUMN accepted_by TEXT;

-- The data transfer notice, every version that there was.
CREATE TABLE notice (
    version BIGINT PRIMARY KEY,
    body TEXT NOT NULL,
    published_at BIGINT NOT NULL
);

-- Who accepted which versions when: kept for good.
CREATE TABLE consent_acceptance (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    operator_id UUID NOT NULL,
    notice_version BIGINT NOT NULL,
    terms_version BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    accepted_by TEXT NOT NULL,
    FOREIGN KEY (tenant_id, operator_id) REFERENCES consent (tenant_id, operator_id)
);
CREATE INDEX consent_acceptance_of ON consent_acceptance (tenant_id, operator_id, id);
