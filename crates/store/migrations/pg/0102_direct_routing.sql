-- A Direct Routing number has no operator: a constant stands in `operator_id` and `profile_id`, and
-- what refers to operators, profiles and consents goes by `carrier_id`, which is null there.
ALTER TABLE number ADD COLUMN carrier_id UUID GENERATED ALWAYS AS
    (NULLIF(operator_id, CAST('d12ec700-0000-8000-8000-000000000001' AS UUID))) STORED;
DO $$
DECLARE name TEXT;
BEGIN
    FOR name IN SELECT c.conname FROM pg_constraint c
        WHERE c.conrelid = CAST('number' AS regclass) AND c.contype = 'f'
            AND c.conkey @> ARRAY[(SELECT a.attnum FROM pg_attribute a
                WHERE a.attrelid = c.conrelid AND a.attname = 'operator_id')]
    LOOP
        EXECUTE format('ALTER TABLE number DROP CONSTRAINT %I', name);
    END LOOP;
END $$;
ALTER TABLE number ADD FOREIGN KEY (tenant_id, carrier_id)
    REFERENCES consent (tenant_id, operator_id);
ALTER TABLE number ADD FOREIGN KEY (carrier_id, profile_id)
    REFERENCES calling_profile (operator_id, id);
CREATE INDEX number_direct ON number (tenant_id, number)
    WHERE operator_id = CAST('d12ec700-0000-8000-8000-000000000001' AS UUID);
