-- Orders of tenants beside those of operators: they belong to no operator. A CHECK and a NOT NULL
-- may be changed in place (lang_altertable.html, section 7), which making the table anew, with all
-- that refers to it, may not.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(replace(sql,
    'operator_id UUID NOT NULL REFERENCES operator (id)',
    'operator_id UUID REFERENCES operator (id)'),
    'kind IN (''upload'', ''release'')',
    'kind IN (''upload'', ''release'', ''update'', ''assign'', ''unassign'', ''location'', ''tags'', ''usage'')'),
    'CHECK (done = succeeded + failed AND done <= total)',
    'CHECK (done = succeeded + failed AND done <= total), CHECK ((operator_id IS NOT NULL) = (kind IN (''upload'', ''release'', ''update'')))')
    WHERE type = 'table' AND name = 'number_order';
PRAGMA writable_schema = RESET;
-- A change of the schema that every connection notices.
CREATE INDEX number_order_by_tenant ON number_order ((CASE WHEN operator_id IS NULL THEN tenant_id END), id);
