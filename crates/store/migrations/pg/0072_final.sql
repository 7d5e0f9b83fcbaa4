-- What was pushed or handed out is never changed; a restore may still take it away whole.
CREATE FUNCTION is_final() RETURNS TRIGGER LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'a row of % does not change', TG_TABLE_NAME; END $$;
CREATE TRIGGER call_export_final BEFORE UPDATE ON call_export
    FOR EACH ROW EXECUTE FUNCTION is_final();
CREATE TRIGGER call_duration_final BEFORE UPDATE ON call_duration
    FOR EACH ROW EXECUTE FUNCTION is_final();
