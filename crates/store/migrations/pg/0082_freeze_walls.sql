-- Everybody reads the programme's windows: they hold for all.
CREATE POLICY own ON change_freeze
    USING ((SELECT reaches_all()) OR tenant_id = (SELECT acting_tenant()));
CREATE POLICY shown ON change_freeze FOR SELECT USING (tenant_id IS NULL);
-- An operator's orders wait for its tenants' windows.
CREATE POLICY supplied ON change_freeze FOR SELECT USING (
    EXISTS (SELECT 1 FROM consent c WHERE c.tenant_id = change_freeze.tenant_id
        AND c.operator_id = (SELECT acting_operator())));
ALTER TABLE change_freeze ENABLE ROW LEVEL SECURITY;
ALTER TABLE change_freeze FORCE ROW LEVEL SECURITY;
