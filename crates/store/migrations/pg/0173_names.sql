-- The names beside one number that is looked up: each is read only where there is one, while joins
-- of six tables behind their walls are set up whole for every look-up. Tables are named with their
-- schema, as in 0171.
DO $$
DECLARE
    here TEXT := quote_ident(current_schema());
    head CONSTANT TEXT := 'CREATE FUNCTION %s.%s RETURNS TEXT LANGUAGE plpgsql STABLE PARALLEL SAFE AS ';
BEGIN
    EXECUTE format(head, here, 'operator_name(of_operator UUID)') || quote_literal(format(
        'BEGIN RETURN (SELECT o.name FROM %s.operator o WHERE o.id = of_operator); END', here));
    EXECUTE format(head, here,
        'assignee_name(of_person UUID, of_account UUID, of_bridge UUID, of_policy UUID)')
        || quote_literal(format('BEGIN '
            'IF of_person IS NOT NULL THEN RETURN '
                '(SELECT p.display_name FROM %1$s.person p WHERE p.id = of_person); END IF; '
            'IF of_account IS NOT NULL THEN RETURN '
                '(SELECT a.display_name FROM %1$s.resource_account a WHERE a.id = of_account); END IF; '
            'IF of_bridge IS NOT NULL THEN RETURN '
                '(SELECT b.name FROM %1$s.conference_bridge b WHERE b.id = of_bridge); END IF; '
            'IF of_policy IS NOT NULL THEN RETURN '
                '(SELECT s.kind || ''|Tag:'' || s.name FROM %1$s.policy s WHERE s.id = of_policy); END IF; '
            'RETURN NULL; END', here));
END $$;
