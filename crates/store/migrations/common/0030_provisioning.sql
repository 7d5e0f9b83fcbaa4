-- An operator's named group of numbers. The tenant is the operator's own word: it may be named
-- before there is a consent and tells nothing of whether there is such a tenant, so nothing refers to it.
CREATE TABLE number_account (
    id UUID PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES operator (id),
    name TEXT NOT NULL,
    correlation_id TEXT,
    tenant_id UUID,
    services TEXT NOT NULL,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (operator_id, name),
    UNIQUE (operator_id, id)
);
CREATE INDEX number_account_by_tenant ON number_account (operator_id, tenant_id);

-- What an operator asked for a number, good or bad. The number itself is a row of `number` once it is
-- synced. Two operators may ask for the same one, which only one of them can have.
CREATE TABLE provisioned_number (
    operator_id UUID NOT NULL,
    number BIGINT NOT NULL CHECK (number BETWEEN 10 AND 999999999999999),
    account_id UUID NOT NULL,
    services TEXT NOT NULL,
    custom_header TEXT,
    calling BOOLEAN NOT NULL,
    usage TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'synced', 'failed')),
    errors TEXT,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (operator_id, number),
    FOREIGN KEY (operator_id, account_id) REFERENCES number_account (operator_id, id)
);
CREATE INDEX provisioned_number_by_account ON provisioned_number (account_id, number);
CREATE INDEX provisioned_number_calling ON provisioned_number (account_id, calling);

-- When a number's use last changed; NULL for never since it was acquired.
ALTER TABLE number ADD COLUMN modified_at BIGINT;
