-- A Direct Routing number has no operator: a constant stands in `operator_id` and `profile_id`, and
-- what refers to operators, profiles and consents goes by `carrier_id`, which is null there.
ALTER TABLE number ADD COLUMN carrier_id UUID GENERATED ALWAYS AS
    (NULLIF(operator_id, X'd12ec700000080008000000000000001')) VIRTUAL;
-- The text of a constraint may be changed in place (lang_altertable.html, section 7), which making
-- the table anew, with all that refers to it, may not.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(replace(sql,
    'operator_id UUID NOT NULL REFERENCES operator (id)', 'operator_id UUID NOT NULL'),
    'FOREIGN KEY (tenant_id, operator_id) REFERENCES consent',
    'FOREIGN KEY (tenant_id, carrier_id) REFERENCES consent'),
    'FOREIGN KEY (operator_id, profile_id) REFERENCES calling_profile',
    'FOREIGN KEY (carrier_id, profile_id) REFERENCES calling_profile')
    WHERE type = 'table' AND name = 'number';
PRAGMA writable_schema = RESET;
-- A change of the schema that every connection notices.
CREATE INDEX number_direct ON number (tenant_id, number)
    WHERE operator_id = X'd12ec700000080008000000000000001';
