-- An operator's; a tenant reads what the operators that it has to do with offer.
CREATE POLICY own ON stock_number
    USING ((SELECT reaches_all()) OR operator_id = (SELECT acting_operator()));
-- One look a statement, not one a row: a search goes over thousands.
CREATE POLICY shown ON stock_number FOR SELECT USING (operator_id IN (
    SELECT c.operator_id FROM consent c
    WHERE c.tenant_id = (SELECT acting_tenant()) AND c.status = 'Active'));
ALTER TABLE stock_number ENABLE ROW LEVEL SECURITY;
ALTER TABLE stock_number FORCE ROW LEVEL SECURITY;
