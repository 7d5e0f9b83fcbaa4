-- One text for SQLite and PostgreSQL: UUID, BYTEA, BIGINT, BOOLEAN and TEXT mean the same rows on
-- both (SQLite keeps a UUID or BYTEA as the blob it is handed). Times are microseconds since 1970
-- UTC, JSON is text, a telephone number is its digits as an integer.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE edge_key (
    id BIGINT PRIMARY KEY CHECK (id BETWEEN 0 AND 255),
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE operator (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE trunk (
    id UUID PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES operator (id),
    fqdn TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    sources TEXT NOT NULL,
    match_port BOOLEAN NOT NULL,
    transport TEXT NOT NULL CHECK (transport IN ('udp', 'tcp')),
    enabled BOOLEAN NOT NULL,
    send_options BOOLEAN NOT NULL,
    options_interval_seconds BIGINT NOT NULL,
    failover_time_seconds BIGINT NOT NULL,
    max_uri BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (operator_id, id)
);

CREATE TABLE calling_profile (
    id UUID PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES operator (id),
    name TEXT NOT NULL,
    UNIQUE (operator_id, name),
    UNIQUE (operator_id, id)
);

-- The operator stands here too, so that a profile can hold no trunk of somebody else's.
CREATE TABLE calling_profile_trunk (
    profile_id UUID NOT NULL,
    trunk_id UUID NOT NULL,
    operator_id UUID NOT NULL,
    ordinal BIGINT NOT NULL,
    PRIMARY KEY (profile_id, trunk_id),
    FOREIGN KEY (operator_id, profile_id) REFERENCES calling_profile (operator_id, id),
    FOREIGN KEY (operator_id, trunk_id) REFERENCES trunk (operator_id, id)
);

CREATE TABLE number_range (
    id UUID PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES operator (id),
    first_number BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    CHECK (first_number <= last_number)
);
CREATE INDEX number_range_by_first ON number_range (first_number);

CREATE TABLE offer (
    operator_id UUID PRIMARY KEY REFERENCES operator (id),
    services TEXT NOT NULL,
    countries TEXT NOT NULL,
    landing_page TEXT NOT NULL,
    published BOOLEAN NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE tenant (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    domain TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE principal (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    operator_id UUID REFERENCES operator (id),
    tenant_id UUID REFERENCES tenant (id),
    secret_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (role IN ('programme_owner', 'operator_admin', 'tenant_admin', 'edge')),
    CHECK ((role = 'operator_admin') = (operator_id IS NOT NULL)),
    CHECK ((role = 'tenant_admin') = (tenant_id IS NOT NULL))
);

-- Bearer tokens and browser sessions; only their SHA-256 is here.
CREATE TABLE token (
    hash BYTEA PRIMARY KEY,
    principal_id UUID NOT NULL REFERENCES principal (id),
    kind TEXT NOT NULL CHECK (kind IN ('bearer', 'session')),
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX token_by_expiry ON token (expires_at);

CREATE TABLE login_code (
    hash BYTEA PRIMARY KEY,
    principal_id UUID NOT NULL REFERENCES principal (id),
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- The answer of a use case, kept in the transaction that gave it.
CREATE TABLE idempotency (
    principal_id UUID NOT NULL REFERENCES principal (id),
    request_key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    response TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (principal_id, request_key)
);
CREATE INDEX idempotency_by_age ON idempotency (at);

CREATE TABLE consent (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    operator_id UUID NOT NULL REFERENCES operator (id),
    status TEXT NOT NULL CHECK (status IN ('Active', 'Suspended', 'Removed')),
    relationship TEXT NOT NULL,
    relationship_comment TEXT,
    countries TEXT NOT NULL,
    requirements TEXT NOT NULL,
    contacts TEXT NOT NULL,
    company_name TEXT NOT NULL,
    company_size TEXT NOT NULL,
    consented_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (tenant_id, operator_id)
);
CREATE INDEX consent_by_operator ON consent (operator_id, tenant_id);

CREATE TABLE civic_address (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    company_name TEXT NOT NULL,
    country TEXT NOT NULL,
    house_number TEXT,
    street_name TEXT,
    city_or_town TEXT,
    state_or_province TEXT,
    postal_or_zip_code TEXT,
    description TEXT,
    latitude TEXT,
    longitude TEXT,
    UNIQUE (tenant_id, id)
);

CREATE TABLE location (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    civic_address_id UUID NOT NULL,
    description TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    FOREIGN KEY (tenant_id, civic_address_id) REFERENCES civic_address (tenant_id, id),
    UNIQUE (tenant_id, id),
    UNIQUE (civic_address_id, description)
);
CREATE UNIQUE INDEX location_one_default ON location (civic_address_id) WHERE is_default;

CREATE TABLE person (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    upn TEXT NOT NULL,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    country TEXT NOT NULL,
    licences TEXT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (tenant_id, upn),
    UNIQUE (tenant_id, username),
    UNIQUE (tenant_id, id)
);

-- Digests of the password, never the password (RFC 7616 section 3.4.2).
CREATE TABLE phone_credential (
    person_id UUID PRIMARY KEY REFERENCES person (id),
    ha1_sha256 TEXT NOT NULL,
    ha1_md5 TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE resource_account (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    upn TEXT NOT NULL,
    display_name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('call_queue')),
    licences TEXT NOT NULL,
    ring_seconds BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (tenant_id, upn),
    UNIQUE (tenant_id, id)
);

CREATE TABLE resource_account_agent (
    account_id UUID NOT NULL,
    person_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    ordinal BIGINT NOT NULL,
    PRIMARY KEY (account_id, person_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES resource_account (tenant_id, id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id)
);

CREATE TABLE number_move (
    id UUID PRIMARY KEY,
    side TEXT NOT NULL CHECK (side IN ('old', 'new')),
    created_at BIGINT NOT NULL
);

-- One row per number: it has one owner, one operator, at most one assignee, and moves through
-- move_id. An assignee has at most one number; nothing is assigned that is not activated, to
-- nobody but its own tenant's, with no location but its own tenant's, by no operator the tenant
-- never consented to, over no profile but its own operator's.
CREATE TABLE number (
    number BIGINT PRIMARY KEY CHECK (number BETWEEN 10 AND 999999999999999),
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    operator_id UUID NOT NULL REFERENCES operator (id),
    profile_id UUID NOT NULL,
    country TEXT NOT NULL,
    usage TEXT NOT NULL,
    activation_state TEXT NOT NULL,
    location_id UUID,
    tenant_may_update_location BOOLEAN NOT NULL,
    person_id UUID,
    account_id UUID,
    move_id UUID REFERENCES number_move (id),
    acquired_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, operator_id) REFERENCES consent (tenant_id, operator_id),
    FOREIGN KEY (operator_id, profile_id) REFERENCES calling_profile (operator_id, id),
    FOREIGN KEY (tenant_id, location_id) REFERENCES location (tenant_id, id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES resource_account (tenant_id, id),
    CONSTRAINT number_one_assignee CHECK (person_id IS NULL OR account_id IS NULL),
    CONSTRAINT number_assigned_active CHECK (
        (person_id IS NULL AND account_id IS NULL) OR activation_state = 'Activated'),
    CONSTRAINT number_usage_fits CHECK (
        (person_id IS NULL OR usage = 'CallingUserAssignment')
        AND (account_id IS NULL OR usage = 'FirstPartyAppAssignment')),
    CONSTRAINT number_user_location CHECK (person_id IS NULL OR location_id IS NOT NULL)
);
CREATE UNIQUE INDEX number_of_person ON number (person_id) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX number_of_account ON number (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX number_by_tenant ON number (tenant_id, number);
CREATE INDEX number_by_operator ON number (operator_id, tenant_id, number);
CREATE INDEX number_by_location ON number (location_id) WHERE location_id IS NOT NULL;

CREATE TABLE number_order (
    id UUID PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES operator (id),
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    kind TEXT NOT NULL CHECK (kind IN ('upload', 'release')),
    status TEXT NOT NULL CHECK (
        status IN ('pending', 'in_progress', 'success', 'partial_success', 'error')),
    dry_run BOOLEAN NOT NULL,
    tenant_may_update_location BOOLEAN NOT NULL,
    ticket_id TEXT,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    principal_id UUID NOT NULL REFERENCES principal (id),
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    CHECK (done = succeeded + failed AND done <= total)
);
CREATE INDEX number_order_by_operator ON number_order (operator_id, id);

-- Entries keep what was asked, right or wrong, so nothing here refers to other tables.
CREATE TABLE number_order_entry (
    order_id UUID NOT NULL REFERENCES number_order (id),
    ordinal BIGINT NOT NULL,
    number_text TEXT NOT NULL,
    usage TEXT,
    profile_id UUID,
    location_id UUID,
    country TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'success', 'error')),
    error TEXT,
    warning TEXT,
    PRIMARY KEY (order_id, ordinal)
);

-- A worker holds a job while its lease lasts; whoever finds the lease run out takes over.
CREATE TABLE job (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('number_order')),
    order_id UUID NOT NULL UNIQUE REFERENCES number_order (id),
    lease_owner UUID,
    lease_until BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX job_by_lease ON job (lease_until);

-- Call records outlive what they name, so nothing here refers to other tables. Each group of
-- columns is written by one event of the edges, in any order.
CREATE TABLE cdr (
    id UUID PRIMARY KEY,
    sort_at BIGINT NOT NULL,
    kind TEXT,
    tenant_id UUID,
    operator_id UUID,
    number BIGINT,
    caller TEXT,
    callee TEXT,
    caller_user_id UUID,
    callee_user_id UUID,
    queue_id UUID,
    in_trunk_id UUID,
    in_call_id TEXT,
    begin_at BIGINT,
    answer_at BIGINT,
    answer_user_id UUID,
    out_trunk_id UUID,
    out_call_id TEXT,
    end_at BIGINT,
    end_answered_at BIGINT,
    sip_code BIGINT,
    reason TEXT,
    hung_up_by TEXT,
    attempts TEXT
);
CREATE INDEX cdr_by_time ON cdr (sort_at, id);
CREATE INDEX cdr_by_tenant ON cdr (tenant_id, sort_at, id);
CREATE INDEX cdr_by_operator ON cdr (operator_id, sort_at, id);
