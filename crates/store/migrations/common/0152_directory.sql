-- What an identity provider keeps of people and groups (SCIM), and people who are no longer active.
ALTER TABLE person ADD COLUMN external_id TEXT;
ALTER TABLE person ADD COLUMN active BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE person ADD COLUMN directory TEXT;
CREATE INDEX person_external ON person (tenant_id, external_id) WHERE external_id IS NOT NULL;
ALTER TABLE user_group ADD COLUMN external_id TEXT;

-- Numbers of people who leave are taken back.
ALTER TABLE number_settings ADD COLUMN free_leavers BOOLEAN NOT NULL DEFAULT FALSE;
