-- A number may also be claimed on the compatible face, which has no orders.
ALTER TABLE number_dispute ALTER COLUMN order_id DROP NOT NULL;
