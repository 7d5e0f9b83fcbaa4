-- A draft is its operator's alone.
CREATE POLICY own ON offer_draft
    USING ((SELECT reaches_all()) OR operator_id = (SELECT acting_operator()));
ALTER TABLE offer_draft ENABLE ROW LEVEL SECURITY;
ALTER TABLE offer_draft FORCE ROW LEVEL SECURITY;
