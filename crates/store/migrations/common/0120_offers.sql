-- Where an offer is on its way. What stands in this table is what the directory has, or had last:
-- `published` stays, for the walls and the directory's index.
ALTER TABLE offer ADD COLUMN state TEXT NOT NULL DEFAULT 'draft'
    CHECK (state IN ('draft', 'published', 'withdrawn'));
-- What else it says (JSON, `domain::offer::OfferContent`).
ALTER TABLE offer ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
-- The operator's terms and their version, which consents accept.
ALTER TABLE offer ADD COLUMN terms_uri TEXT;
ALTER TABLE offer ADD COLUMN terms_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE offer ADD COLUMN published_at BIGINT;
ALTER TABLE offer ADD COLUMN withdrawn_at BIGINT;
UPDATE offer SET state = 'published' WHERE published;

-- What an operator prepares while the published offer stays. The row outlives the draft, so that
-- versions go on.
CREATE TABLE offer_draft (
    operator_id UUID PRIMARY KEY REFERENCES operator (id),
    body TEXT,
    edited_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
