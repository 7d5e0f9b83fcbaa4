-- The roles of the compatible face that a client has, space-separated: until now each client of an
-- operator had all of them.
ALTER TABLE principal ADD COLUMN provisioning TEXT NOT NULL DEFAULT '';
UPDATE principal SET provisioning = 'ProvisioningAPI.Admin' WHERE role = 'operator_admin';
