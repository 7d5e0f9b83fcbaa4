-- Walls that stand on other tables looked through those tables' own walls, and these through
-- the next: whoever read an operator's name planned 240 sub-selects, nine milliseconds, and set up
-- all of them at every look-up, half a millisecond. What a tenant's walls have in common is found
-- by functions now, once a statement and only where it is needed; each has a plan of its own that
-- the session keeps. Who reaches what has not changed.
--
-- The last two give the names beside one number that is looked up: each is read only where there
-- is one, while joins of six tables behind their walls are set up whole every time.

-- Tables are named with their schema: a temporary table of that name must open no wall.
DO $$
DECLARE
    here TEXT := quote_ident(current_schema());
    made RECORD;
BEGIN
    FOR made IN VALUES
        ('acting_domain() RETURNS TEXT',
         'RETURN (SELECT t.domain FROM %1$s.tenant t WHERE t.id = %1$s.acting_tenant());'),
        ('consented_operators() RETURNS UUID[]',
         'RETURN ARRAY(SELECT c.operator_id FROM %1$s.consent c
            WHERE c.tenant_id = %1$s.acting_tenant());'),
        ('inviting_operators() RETURNS UUID[]',
         'RETURN ARRAY(SELECT l.operator_id FROM %1$s.lead l
            WHERE l.tenant_id = %1$s.acting_tenant() OR l.domain = %1$s.acting_domain());'),
        ('operator_name(of_operator UUID) RETURNS TEXT',
         'RETURN (SELECT o.name FROM %1$s.operator o WHERE o.id = of_operator);'),
        ('assignee_name(of_person UUID, of_account UUID, of_bridge UUID, of_policy UUID)
            RETURNS TEXT',
         'IF of_person IS NOT NULL THEN
            RETURN (SELECT p.display_name FROM %1$s.person p WHERE p.id = of_person);
          ELSIF of_account IS NOT NULL THEN
            RETURN (SELECT a.display_name FROM %1$s.resource_account a WHERE a.id = of_account);
          ELSIF of_bridge IS NOT NULL THEN
            RETURN (SELECT b.name FROM %1$s.conference_bridge b WHERE b.id = of_bridge);
          ELSIF of_policy IS NOT NULL THEN
            RETURN (SELECT s.kind || ''|Tag:'' || s.name FROM %1$s.policy s
                WHERE s.id = of_policy);
          END IF;
          RETURN NULL;')
    LOOP
        EXECUTE format('CREATE FUNCTION %s.%s LANGUAGE plpgsql STABLE PARALLEL SAFE AS %L',
            here, made.column1, format('BEGIN ' || made.column2 || ' END', here));
    END LOOP;
END $$;

ALTER POLICY own ON lead USING ((SELECT reaches_all())
    OR operator_id = (SELECT acting_operator()) OR tenant_id = (SELECT acting_tenant())
    OR domain = (SELECT acting_domain()));
ALTER POLICY invites ON offer USING (operator_id = ANY (CAST((SELECT inviting_operators()) AS UUID[])));
ALTER POLICY invites ON operator USING (id = ANY (CAST((SELECT inviting_operators()) AS UUID[])));
ALTER POLICY shown ON offer USING (published
    OR operator_id = ANY (CAST((SELECT consented_operators()) AS UUID[])));
ALTER POLICY shown ON operator USING (
    EXISTS (SELECT 1 FROM offer f WHERE f.operator_id = operator.id AND f.published)
    OR id = ANY (CAST((SELECT consented_operators()) AS UUID[])));
