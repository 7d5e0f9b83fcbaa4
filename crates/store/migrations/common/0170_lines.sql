-- What a number is to the person who has it: at most one that they are known by, at most one private
-- line, and some alternate ones, of which the rules say how many. What nobody has, and what a queue
-- has, is primary.
ALTER TABLE number ADD COLUMN category TEXT NOT NULL DEFAULT 'Primary'
    CONSTRAINT number_category_fits CHECK (category = 'Primary'
        OR (category IN ('Private', 'Alternate') AND person_id IS NOT NULL));
DROP INDEX number_of_person;
CREATE INDEX number_of_person ON number (person_id) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX number_primary_of_person ON number (person_id)
    WHERE person_id IS NOT NULL AND category = 'Primary';
CREATE UNIQUE INDEX number_private_of_person ON number (person_id) WHERE category = 'Private';
CREATE INDEX number_line_of_person ON number (person_id) WHERE category <> 'Primary';
