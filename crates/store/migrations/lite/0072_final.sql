-- What was pushed or handed out is never changed; a restore may still take it away whole.
CREATE TRIGGER call_export_final BEFORE UPDATE ON call_export
    BEGIN SELECT RAISE(ABORT, 'an export record does not change'); END;
CREATE TRIGGER call_duration_final BEFORE UPDATE ON call_duration
    BEGIN SELECT RAISE(ABORT, 'a pushed duration does not change'); END;
