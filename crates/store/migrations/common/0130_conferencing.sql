-- Conference bridges of tenants, and their numbers. The gateways that answer a bridge's calls are the
-- tenant's: one that is named cannot be removed.
CREATE TABLE conference_bridge (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    name TEXT NOT NULL,
    gateways TEXT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (tenant_id, name),
    UNIQUE (tenant_id, id)
);

CREATE TABLE conference_bridge_number (
    number BIGINT PRIMARY KEY REFERENCES number (number),
    tenant_id UUID NOT NULL,
    bridge_id UUID NOT NULL,
    languages TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    FOREIGN KEY (tenant_id, bridge_id) REFERENCES conference_bridge (tenant_id, id)
);
CREATE INDEX conference_bridge_number_of ON conference_bridge_number (bridge_id, number);
CREATE INDEX conference_bridge_number_tenant ON conference_bridge_number (tenant_id, number);
CREATE UNIQUE INDEX conference_bridge_one_default ON conference_bridge_number (bridge_id)
    WHERE is_default;

-- Who has a number beside people and resource accounts: a bridge, or a policy for emergency calls.
ALTER TABLE number ADD COLUMN bridge_id UUID REFERENCES conference_bridge (id)
    CONSTRAINT number_of_bridge_fits CHECK (bridge_id IS NULL
        OR (usage = 'ConferenceAssignment' AND activation_state = 'Activated'
            AND person_id IS NULL AND account_id IS NULL));
ALTER TABLE number ADD COLUMN policy_id UUID REFERENCES policy (id)
    CONSTRAINT number_of_policy_fits CHECK (policy_id IS NULL
        OR (activation_state = 'Activated'
            AND person_id IS NULL AND account_id IS NULL AND bridge_id IS NULL));
CREATE INDEX number_of_bridge ON number (bridge_id) WHERE bridge_id IS NOT NULL;
CREATE INDEX number_of_policy ON number (policy_id) WHERE policy_id IS NOT NULL;
DROP INDEX number_tenant_status;
CREATE INDEX number_tenant_status ON number (tenant_id, (CASE
    WHEN person_id IS NOT NULL THEN 'UserAssigned'
    WHEN account_id IS NOT NULL THEN 'VoiceApplicationAssigned'
    WHEN bridge_id IS NOT NULL THEN 'ConferenceAssigned'
    WHEN policy_id IS NOT NULL THEN 'PolicyAssigned'
    ELSE 'Unassigned' END), number);

ALTER TABLE cdr ADD COLUMN bridge_id UUID;
