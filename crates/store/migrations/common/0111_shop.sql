-- How an operator sells what it has in stock. The secret signs what goes to its payment page and
-- what comes back, and so must be usable.
CREATE TABLE storefront (
    operator_id UUID PRIMARY KEY REFERENCES operator (id),
    open BOOLEAN NOT NULL,
    terms TEXT NOT NULL,
    payment_url TEXT,
    secret BYTEA,
    fulfilment TEXT NOT NULL CHECK (fulfilment IN ('manual', 'when_paid')),
    free_at_once BOOLEAN NOT NULL,
    tenant_may_update_location BOOLEAN NOT NULL,
    quote_minutes BIGINT NOT NULL CHECK (quote_minutes BETWEEN 1 AND 44640),
    reservation_minutes BIGINT NOT NULL CHECK (reservation_minutes BETWEEN 1 AND 10080),
    version BIGINT NOT NULL
);

-- What was offered at what price, never changed. Lines are JSON: they refer to nothing.
CREATE TABLE quote (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    operator_id UUID NOT NULL,
    lines TEXT NOT NULL,
    amount BIGINT,
    currency TEXT,
    terms TEXT NOT NULL,
    location_id UUID,
    created_at BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, operator_id) REFERENCES consent (tenant_id, operator_id),
    CHECK ((amount IS NULL) = (currency IS NULL))
);

CREATE INDEX quote_of_tenant ON quote (tenant_id, operator_id, valid_until);
CREATE INDEX quote_by_end ON quote (valid_until);

-- Numbers of a quote that are held for a tenant. `due_at` is when the house looks at it next.
CREATE TABLE reservation (
    id UUID PRIMARY KEY,
    quote_id UUID NOT NULL REFERENCES quote (id),
    tenant_id UUID NOT NULL,
    operator_id UUID NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('Reserved', 'Paid', 'Accepted', 'Completed', 'Error',
        'Cancelled', 'Declined', 'Expired')),
    numbers BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    amount BIGINT,
    currency TEXT,
    expires_at BIGINT NOT NULL,
    extended BOOLEAN NOT NULL,
    due_at BIGINT,
    paid_at BIGINT,
    payment_reference TEXT,
    reason TEXT,
    order_id UUID REFERENCES number_order (id),
    principal_id UUID NOT NULL REFERENCES principal (id),
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    version BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, operator_id) REFERENCES consent (tenant_id, operator_id),
    CHECK (delivered <= numbers)
);
CREATE INDEX reservation_by_quote ON reservation (quote_id);
CREATE INDEX reservation_by_tenant ON reservation (tenant_id, id);
CREATE INDEX reservation_by_operator ON reservation (operator_id, id);
CREATE INDEX reservation_tenant_state ON reservation (tenant_id, state, id);
CREATE INDEX reservation_operator_state ON reservation (operator_id, state, id);
CREATE INDEX reservation_due ON reservation (due_at) WHERE due_at IS NOT NULL;
