-- Everybody reads the notice; the programme writes it.
CREATE POLICY own ON notice USING ((SELECT reaches_all()));
CREATE POLICY shown ON notice FOR SELECT USING (TRUE);
ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE notice FORCE ROW LEVEL SECURITY;

-- Of both sides.
CREATE POLICY own ON consent_acceptance USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
ALTER TABLE consent_acceptance ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent_acceptance FORCE ROW LEVEL SECURITY;
