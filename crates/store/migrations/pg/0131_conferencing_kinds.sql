ALTER TABLE policy DROP CONSTRAINT policy_kind_check;
ALTER TABLE policy ADD CONSTRAINT policy_kind_check CHECK (kind IN (
    'TenantDialPlan', 'OnlineVoiceRoutingPolicy', 'CallingLineIdentity', 'OnlineDialOutPolicy',
    'OnlineAudioConferencingRoutingPolicy', 'TeamsSharedCallingRoutingPolicy'));
CREATE INDEX policy_by_kind ON policy (kind, tenant_id);
