-- The text of a CHECK may be changed in place (lang_altertable.html, section 7).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    '''TenantDialPlan'', ',
    '''TenantDialPlan'', ''OnlineAudioConferencingRoutingPolicy'', ''TeamsSharedCallingRoutingPolicy'', ')
    WHERE type = 'table' AND name = 'policy';
PRAGMA writable_schema = RESET;
-- A change of the schema that every connection notices.
CREATE INDEX policy_by_kind ON policy (kind, tenant_id);
