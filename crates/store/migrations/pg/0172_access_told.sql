-- Nodes remember for a moment what a token opens: they are told when a token or whom it stands for
-- is changed.
CREATE FUNCTION tell_access() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('meetpoint_access', '');
    RETURN NULL;
END $$;

CREATE TRIGGER tell_access AFTER UPDATE OR DELETE OR TRUNCATE ON token
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access();
CREATE TRIGGER tell_access AFTER UPDATE OR DELETE OR TRUNCATE ON principal
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access();
