-- What a tenant's people may call to costly destinations, as JSON; NULL for the standard.
ALTER TABLE tenant ADD COLUMN fraud_limits TEXT;
