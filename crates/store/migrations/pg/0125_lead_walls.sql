-- The operator's, and the tenant's that it names; by its domain a tenant is named before anybody
-- said which tenant that is.
CREATE POLICY own ON lead USING ((SELECT reaches_all())
    OR operator_id = (SELECT acting_operator())
    OR tenant_id = (SELECT acting_tenant())
    OR domain = (SELECT t.domain FROM tenant t WHERE t.id = (SELECT acting_tenant())));
-- An operator that invites is seen by its name, whether or not it has a published offer.
CREATE POLICY invites ON operator FOR SELECT USING (
    EXISTS (SELECT 1 FROM lead l WHERE l.operator_id = operator.id
        AND (l.tenant_id = (SELECT acting_tenant())
            OR l.domain = (SELECT t.domain FROM tenant t
                WHERE t.id = (SELECT acting_tenant())))));
-- And so is what it offers, which a consent accepts.
CREATE POLICY invites ON offer FOR SELECT USING (
    EXISTS (SELECT 1 FROM lead l WHERE l.operator_id = offer.operator_id
        AND (l.tenant_id = (SELECT acting_tenant())
            OR l.domain = (SELECT t.domain FROM tenant t
                WHERE t.id = (SELECT acting_tenant())))));
ALTER TABLE lead ENABLE ROW LEVEL SECURITY;
ALTER TABLE lead FORCE ROW LEVEL SECURITY;
