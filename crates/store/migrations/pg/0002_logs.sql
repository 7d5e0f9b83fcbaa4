-- Drawn only under the commit lock, so that positions become visible in their order.
CREATE SEQUENCE change_position;
CREATE TABLE change_log (
    pos BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    principal_id UUID,
    principal TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    request_id TEXT
);
