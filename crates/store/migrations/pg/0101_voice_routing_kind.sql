ALTER TABLE policy DROP CONSTRAINT policy_kind_check;
ALTER TABLE policy ADD CONSTRAINT policy_kind_check CHECK (kind IN (
    'TenantDialPlan', 'OnlineVoiceRoutingPolicy', 'CallingLineIdentity', 'OnlineDialOutPolicy'));
CREATE INDEX gateway_by_address ON gateway (address);
