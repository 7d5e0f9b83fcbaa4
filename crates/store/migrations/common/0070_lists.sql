-- Every field that a list names for its filters and sorts has an index here (docs/api.md), whose
-- tail is the list's own order; `listing.rs` names them, and a test asks both databases for plans.

CREATE INDEX number_tenant_country ON number (tenant_id, country, number);
CREATE INDEX number_tenant_acquired ON number (tenant_id, acquired_at, number);
CREATE INDEX number_tenant_status ON number (tenant_id, (CASE
    WHEN person_id IS NOT NULL THEN 'UserAssigned'
    WHEN account_id IS NOT NULL THEN 'VoiceApplicationAssigned'
    ELSE 'Unassigned' END), number);
-- A location is one tenant's: as good for whoever asks what is at it.
DROP INDEX number_by_location;
CREATE INDEX number_by_location ON number (location_id, tenant_id, number)
    WHERE location_id IS NOT NULL;
CREATE INDEX number_operator ON number (operator_id, number);
CREATE INDEX number_operator_acquired ON number (operator_id, acquired_at, number);

CREATE INDEX number_order_created ON number_order (operator_id, created_at, id);
CREATE INDEX number_order_status ON number_order (operator_id, status, id);
CREATE INDEX number_order_kind ON number_order (operator_id, kind, id);
CREATE INDEX number_order_tenant ON number_order (operator_id, tenant_id, id);
CREATE INDEX number_order_ticket ON number_order (operator_id, ticket_id, id);

CREATE INDEX consent_tenant_status ON consent (tenant_id, status, id);
CREATE INDEX consent_tenant_relationship ON consent (tenant_id, relationship, id);
CREATE INDEX consent_tenant_modified ON consent (tenant_id, modified_at, id);
CREATE INDEX consent_operator_status ON consent (operator_id, status, id);
CREATE INDEX consent_operator_relationship ON consent (operator_id, relationship, id);
CREATE INDEX consent_operator_modified ON consent (operator_id, modified_at, id);

CREATE INDEX cdr_tenant_kind ON cdr (tenant_id, kind, sort_at, id);
CREATE INDEX cdr_tenant_number ON cdr (tenant_id, number, sort_at, id);
CREATE INDEX cdr_operator_kind ON cdr (operator_id, kind, sort_at, id);
CREATE INDEX cdr_operator_number ON cdr (operator_id, number, sort_at, id);
CREATE INDEX cdr_operator_tenant ON cdr (operator_id, tenant_id, sort_at, id);

CREATE INDEX person_tenant_upn ON person (tenant_id, upn, id);
CREATE INDEX person_tenant_name ON person (tenant_id, display_name, id);
CREATE INDEX person_tenant_country ON person (tenant_id, country, id);

CREATE INDEX tenant_name ON tenant (name, id);
CREATE INDEX tenant_domain ON tenant (domain, id);
CREATE INDEX operator_name ON operator (name, id);
