-- A tenant or operator reads its own part of the log; nobody but the house writes it.
CREATE POLICY shown ON change_log FOR SELECT USING (
    tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON webhook USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
CREATE POLICY own ON webhook_attempt USING ((SELECT reaches_all())
    OR tenant_id = (SELECT acting_tenant()) OR operator_id = (SELECT acting_operator()));
ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_attempt FORCE ROW LEVEL SECURITY;
