-- What operators offer. A number is in stock or in somebody's inventory, never in both: whatever
-- brings it into an inventory takes it out of here in the same statement's transaction
-- (`numbers_insert`), and whoever puts it here locks its operator first.
CREATE TABLE stock_number (
    number BIGINT NOT NULL CHECK (number BETWEEN 10 AND 999999999999999),
    operator_id UUID NOT NULL REFERENCES operator (id),
    profile_id UUID NOT NULL,
    country TEXT NOT NULL,
    -- As it is shown, and as it compares.
    area TEXT NOT NULL,
    area_folded TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('Geographic', 'Mobile', 'TollFree', 'Other')),
    usage TEXT NOT NULL,
    -- The operator's notes: nothing here is billed. The amount is in ten-thousandths.
    price_note TEXT NOT NULL,
    amount BIGINT,
    currency TEXT,
    -- Whose it will be.
    reservation_id UUID,
    listed_at BIGINT NOT NULL,
    -- Operators' ranges do not overlap. No index begins with the number: by such a one a search
    -- would read through the numbers of all other operators.
    PRIMARY KEY (operator_id, number),
    FOREIGN KEY (operator_id, profile_id) REFERENCES calling_profile (operator_id, id),
    CHECK ((amount IS NULL) = (currency IS NULL)),
    CHECK (amount IS NULL OR amount >= 0)
);
-- Each way to search ends in the numbers' own order, so that a page goes on where one ended.
CREATE INDEX stock_by_country ON stock_number (operator_id, country, number);
CREATE INDEX stock_by_area ON stock_number (operator_id, country, area_folded, number);
CREATE INDEX stock_by_kind ON stock_number (operator_id, country, kind, number);
CREATE INDEX stock_by_reservation ON stock_number (reservation_id)
    WHERE reservation_id IS NOT NULL;
