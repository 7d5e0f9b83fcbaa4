-- Networks from which calls for help are carried unproven, as JSON; NULL for none.
ALTER TABLE tenant ADD COLUMN trusted_networks TEXT;
