DO $$
DECLARE name TEXT;
BEGIN
    FOR name IN SELECT conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE k.contype = 'c' AND c.relname = 'principal' AND n.nspname = current_schema()
    LOOP
        EXECUTE format('ALTER TABLE principal DROP CONSTRAINT %I', name);
    END LOOP;
END $$;
ALTER TABLE principal
    ADD CHECK (role IN ('programme_owner', 'programme_support', 'operator_admin',
        'operator_reader', 'tenant_admin', 'tenant_helpdesk', 'tenant_reader', 'edge')),
    ADD CHECK ((role IN ('operator_admin', 'operator_reader')) = (operator_id IS NOT NULL)),
    ADD CHECK ((role IN ('tenant_admin', 'tenant_helpdesk', 'tenant_reader'))
        = (tenant_id IS NOT NULL));
CREATE INDEX principal_by_role ON principal (role);
