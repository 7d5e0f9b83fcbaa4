-- SQLite cannot change a CHECK but by making the table anew, which all that refers to it forbids;
-- the text of a CHECK may be changed in place (lang_altertable.html, section 7).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(replace(sql,
    'role IN (''programme_owner'', ''operator_admin'', ''tenant_admin'', ''edge'')',
    'role IN (''programme_owner'', ''programme_support'', ''operator_admin'', ''operator_reader'', ''tenant_admin'', ''tenant_helpdesk'', ''tenant_reader'', ''edge'')'),
    'role = ''operator_admin''',
    'role IN (''operator_admin'', ''operator_reader'')'),
    'role = ''tenant_admin''',
    'role IN (''tenant_admin'', ''tenant_helpdesk'', ''tenant_reader'')')
    WHERE type = 'table' AND name = 'principal';
PRAGMA writable_schema = RESET;
-- A change of the schema that every connection notices.
CREATE INDEX principal_by_role ON principal (role);
