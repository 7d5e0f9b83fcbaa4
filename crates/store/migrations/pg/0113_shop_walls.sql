CREATE POLICY own ON storefront
    USING ((SELECT reaches_all()) OR operator_id = (SELECT acting_operator()));
-- Of both sides.
CREATE POLICY own ON quote USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON reservation USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
DO $$
DECLARE name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['storefront', 'quote', 'reservation']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;
