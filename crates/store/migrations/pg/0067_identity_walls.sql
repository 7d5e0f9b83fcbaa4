-- The house's own, as tokens and sign-in codes are.
CREATE POLICY own ON client_secret USING ((SELECT reaches_all()));
CREATE POLICY own ON client_key USING ((SELECT reaches_all()));
CREATE POLICY own ON client_assertion USING ((SELECT reaches_all()));
CREATE POLICY own ON issuer USING ((SELECT reaches_all()));
CREATE POLICY own ON oidc_login USING ((SELECT reaches_all()));

DO $$
DECLARE name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['client_secret', 'client_key', 'client_assertion', 'issuer', 'oidc_login']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;
