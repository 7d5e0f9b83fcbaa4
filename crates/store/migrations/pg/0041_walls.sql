-- Row-level security (design section 3): the second wall behind the authorisation of the exchange.
-- Each transaction says once whom it acts for; who says nothing reaches nothing. The wall is forced,
-- so that it holds for the tables' owner too. Later tables with a tenant or an operator get the
-- common wall by themselves when the schema is brought up to date (`walls.rs`).

CREATE FUNCTION reaches_all() RETURNS BOOLEAN LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT COALESCE(current_setting('meetpoint.reach', TRUE), '') = 'all' $$;
CREATE FUNCTION acting_tenant() RETURNS UUID LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT CAST(NULLIF(current_setting('meetpoint.tenant', TRUE), '') AS UUID) $$;
CREATE FUNCTION acting_operator() RETURNS UUID LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT CAST(NULLIF(current_setting('meetpoint.operator', TRUE), '') AS UUID) $$;
CREATE FUNCTION acting_principal() RETURNS UUID LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT CAST(NULLIF(current_setting('meetpoint.principal', TRUE), '') AS UUID) $$;

-- The sub-selects are taken once a statement, not once a row.

-- Of both sides.
CREATE POLICY own ON consent USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON number USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON number_order USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON cdr USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON principal USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));

-- An operator's; tenants read what the directory shows, and the operators they have to do with.
CREATE POLICY own ON operator USING ((SELECT reaches_all()) OR id = (SELECT acting_operator()));
CREATE POLICY shown ON operator FOR SELECT USING (
    EXISTS (SELECT 1 FROM offer f WHERE f.operator_id = operator.id AND f.published)
    OR EXISTS (SELECT 1 FROM consent c WHERE c.operator_id = operator.id
        AND c.tenant_id = (SELECT acting_tenant())));
CREATE POLICY own ON offer
    USING ((SELECT reaches_all()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY shown ON offer FOR SELECT USING (published
    OR EXISTS (SELECT 1 FROM consent c WHERE c.operator_id = offer.operator_id
        AND c.tenant_id = (SELECT acting_tenant())));
CREATE POLICY own ON trunk
    USING ((SELECT reaches_all()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON calling_profile
    USING ((SELECT reaches_all()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON calling_profile_trunk
    USING ((SELECT reaches_all()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON number_range
    USING ((SELECT reaches_all()) OR operator_id = (SELECT acting_operator()));

-- A tenant's; an operator it consented to reads its name and where its emergency locations are.
CREATE POLICY own ON tenant USING ((SELECT reaches_all()) OR id = (SELECT acting_tenant()));
CREATE POLICY shown ON tenant FOR SELECT USING (
    EXISTS (SELECT 1 FROM consent c WHERE c.tenant_id = tenant.id
        AND c.operator_id = (SELECT acting_operator())));
CREATE POLICY own ON civic_address
    USING ((SELECT reaches_all()) OR tenant_id = (SELECT acting_tenant()));
CREATE POLICY shown ON civic_address FOR SELECT USING (
    EXISTS (SELECT 1 FROM consent c WHERE c.tenant_id = civic_address.tenant_id
        AND c.operator_id = (SELECT acting_operator())));
CREATE POLICY own ON location
    USING ((SELECT reaches_all()) OR tenant_id = (SELECT acting_tenant()));
CREATE POLICY shown ON location FOR SELECT USING (
    EXISTS (SELECT 1 FROM consent c WHERE c.tenant_id = location.tenant_id
        AND c.operator_id = (SELECT acting_operator())));
CREATE POLICY own ON person
    USING ((SELECT reaches_all()) OR tenant_id = (SELECT acting_tenant()));
CREATE POLICY own ON resource_account
    USING ((SELECT reaches_all()) OR tenant_id = (SELECT acting_tenant()));
CREATE POLICY own ON resource_account_agent
    USING ((SELECT reaches_all()) OR tenant_id = (SELECT acting_tenant()));

-- Of whoever reaches what they belong to.
CREATE POLICY own ON phone_credential USING ((SELECT reaches_all())
    OR EXISTS (SELECT 1 FROM person p WHERE p.id = phone_credential.person_id));
CREATE POLICY own ON number_order_entry USING ((SELECT reaches_all())
    OR EXISTS (SELECT 1 FROM number_order o WHERE o.id = number_order_entry.order_id));
CREATE POLICY own ON job USING ((SELECT reaches_all())
    OR EXISTS (SELECT 1 FROM number_order o WHERE o.id = job.order_id));
CREATE POLICY own ON idempotency
    USING ((SELECT reaches_all()) OR principal_id = (SELECT acting_principal()));

-- Everybody leaves a trace, and nobody but the house reads it.
CREATE POLICY own ON audit USING ((SELECT reaches_all()));
CREATE POLICY trace ON audit FOR INSERT WITH CHECK (principal_id = (SELECT acting_principal()));

-- The house's own. The log is written in commit(), which reaches everything.
CREATE POLICY own ON change_log USING ((SELECT reaches_all()));
CREATE POLICY own ON meta USING ((SELECT reaches_all()));
CREATE POLICY own ON token USING ((SELECT reaches_all()));
CREATE POLICY own ON login_code USING ((SELECT reaches_all()));
CREATE POLICY own ON edge USING ((SELECT reaches_all()));
CREATE POLICY own ON edge_key USING ((SELECT reaches_all()));
CREATE POLICY own ON alarm USING ((SELECT reaches_all()));
CREATE POLICY own ON number_move USING ((SELECT reaches_all()));
CREATE POLICY own ON request_use USING ((SELECT reaches_all()));

DO $$
DECLARE name TEXT;
BEGIN
    FOR name IN SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = current_schema()
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;
