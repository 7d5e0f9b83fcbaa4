-- Policies of a tenant, the groups of its people, and for whom a policy holds: everybody (no target
-- is named), a group, a person or a number. Of each kind a target has one at most, and of two groups
-- none has the other's rank.

CREATE TABLE policy (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    kind TEXT NOT NULL CHECK (
        kind IN ('TenantDialPlan', 'CallingLineIdentity', 'OnlineDialOutPolicy')),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    body TEXT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (tenant_id, kind, name),
    UNIQUE (tenant_id, kind, id)
);

CREATE TABLE user_group (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    name TEXT NOT NULL,
    UNIQUE (tenant_id, name),
    UNIQUE (tenant_id, id)
);

CREATE TABLE user_group_member (
    group_id UUID NOT NULL,
    person_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    PRIMARY KEY (group_id, person_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES user_group (tenant_id, id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX user_group_member_person ON user_group_member (person_id, group_id);

CREATE TABLE policy_assignment (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    kind TEXT NOT NULL,
    policy_id UUID NOT NULL,
    group_id UUID,
    person_id UUID,
    number BIGINT REFERENCES number (number) ON DELETE CASCADE,
    rank BIGINT,
    FOREIGN KEY (tenant_id, kind, policy_id) REFERENCES policy (tenant_id, kind, id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES user_group (tenant_id, id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id) ON DELETE CASCADE,
    CHECK ((group_id IS NULL) = (rank IS NULL)),
    CHECK (group_id IS NULL OR person_id IS NULL),
    CHECK (group_id IS NULL OR number IS NULL),
    CHECK (person_id IS NULL OR number IS NULL)
);
CREATE UNIQUE INDEX policy_assignment_global ON policy_assignment (tenant_id, kind)
    WHERE group_id IS NULL AND person_id IS NULL AND number IS NULL;
CREATE UNIQUE INDEX policy_assignment_group ON policy_assignment (group_id, kind)
    WHERE group_id IS NOT NULL;
CREATE UNIQUE INDEX policy_assignment_rank ON policy_assignment (tenant_id, kind, rank)
    WHERE group_id IS NOT NULL;
CREATE UNIQUE INDEX policy_assignment_person ON policy_assignment (person_id, kind)
    WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX policy_assignment_number ON policy_assignment (number, kind)
    WHERE number IS NOT NULL;
CREATE INDEX policy_assignment_policy ON policy_assignment (policy_id);
CREATE INDEX policy_assignment_tenant ON policy_assignment (tenant_id, id);

-- A tenant's rules for callers and for numbers that nobody has, all in one document: they are read
-- and written together.
CREATE TABLE screening (
    tenant_id UUID PRIMARY KEY REFERENCES tenant (id),
    rules TEXT NOT NULL,
    version BIGINT NOT NULL
);
