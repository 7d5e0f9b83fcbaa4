-- The trunk bears one early dialog of its calls only.
ALTER TABLE trunk ADD COLUMN single_early_dialog BOOLEAN NOT NULL DEFAULT FALSE;
