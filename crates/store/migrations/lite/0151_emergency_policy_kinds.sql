-- The text of a CHECK may be changed in place (lang_altertable.html, section 7). Kinds that others
-- added stay.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    '''TenantDialPlan'', ',
    '''TenantDialPlan'', ''TeamsEmergencyCallingPolicy'', ''TeamsEmergencyCallRoutingPolicy'', ')
    WHERE type = 'table' AND name = 'policy';
PRAGMA writable_schema = RESET;
-- A change of the schema that every connection notices.
CREATE INDEX emergency_call_at ON emergency_call (at);
