-- Walls that stand on other tables looked through those tables' own walls, and these through
-- the next: whoever read an operator's name planned 240 sub-selects, nine milliseconds, and set up
-- all of them at every look-up, half a millisecond. What a tenant's walls have in common is found
-- by functions now, once a statement and only where it is needed; each has a plan of its own that
-- the session keeps. Who reaches what has not changed.

-- Tables are named with their schema: a temporary table of that name must open no wall.
DO $$
DECLARE
    here TEXT := quote_ident(current_schema());
    head CONSTANT TEXT := 'CREATE FUNCTION %s.%s LANGUAGE plpgsql STABLE PARALLEL SAFE AS ';
BEGIN
    EXECUTE format(head, here, 'acting_domain() RETURNS TEXT') || quote_literal(format(
        'BEGIN RETURN (SELECT t.domain FROM %1$s.tenant t WHERE t.id = %1$s.acting_tenant()); END',
        here));
    EXECUTE format(head, here, 'consented_operators() RETURNS UUID[]') || quote_literal(format(
        'BEGIN RETURN ARRAY(SELECT c.operator_id FROM %1$s.consent c '
        'WHERE c.tenant_id = %1$s.acting_tenant()); END', here));
    EXECUTE format(head, here, 'inviting_operators() RETURNS UUID[]') || quote_literal(format(
        'BEGIN RETURN ARRAY(SELECT l.operator_id FROM %1$s.lead l '
        'WHERE l.tenant_id = %1$s.acting_tenant() OR l.domain = %1$s.acting_domain()); END', here));
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
