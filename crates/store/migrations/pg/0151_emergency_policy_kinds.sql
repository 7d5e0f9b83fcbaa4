-- Kinds that others added stay.
DO $$
DECLARE known TEXT;
BEGIN
    SELECT pg_get_constraintdef(c.oid) INTO STRICT known FROM pg_constraint c
        WHERE c.conname = 'policy_kind_check' AND c.conrelid = CAST('policy' AS REGCLASS);
    ALTER TABLE policy DROP CONSTRAINT policy_kind_check;
    EXECUTE 'ALTER TABLE policy ADD CONSTRAINT policy_kind_check '
        || replace(known, '''TenantDialPlan''::text', '''TenantDialPlan''::text, '
            || '''TeamsEmergencyCallingPolicy''::text, ''TeamsEmergencyCallRoutingPolicy''::text');
END $$;
CREATE INDEX emergency_call_at ON emergency_call (at);
