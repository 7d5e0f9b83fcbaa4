-- Orders of tenants beside those of operators: they belong to no operator.
DO $$
DECLARE name TEXT;
BEGIN
    FOR name IN SELECT conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE k.contype = 'c' AND c.relname = 'number_order' AND n.nspname = current_schema()
            AND pg_get_constraintdef(k.oid) LIKE '%kind%'
    LOOP
        EXECUTE format('ALTER TABLE number_order DROP CONSTRAINT %I', name);
    END LOOP;
END $$;
ALTER TABLE number_order
    ALTER COLUMN operator_id DROP NOT NULL,
    ADD CHECK (kind IN ('upload', 'release', 'update', 'assign', 'unassign', 'location', 'tags',
        'usage')),
    ADD CHECK ((operator_id IS NOT NULL) = (kind IN ('upload', 'release', 'update')));
CREATE INDEX number_order_by_tenant ON number_order
    ((CASE WHEN operator_id IS NULL THEN tenant_id END), id);
