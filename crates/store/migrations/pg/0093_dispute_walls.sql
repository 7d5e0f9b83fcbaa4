-- Of both sides.
CREATE POLICY own ON number_dispute USING ((SELECT reaches_all())
    OR claimant_id = (SELECT acting_operator()) OR holder_id = (SELECT acting_operator()));
ALTER TABLE number_dispute ENABLE ROW LEVEL SECURITY;
ALTER TABLE number_dispute FORCE ROW LEVEL SECURITY;
