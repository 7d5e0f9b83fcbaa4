//! Policies, groups, for whom policies hold, and rules for callers.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{Json, args, row};
use domain::policy::{PolicyBody, ScreeningRules};
use domain::{GroupId, PolicyId, TenantId, UserId};
use numbering::E164;
use uuid::Uuid;

row! {
    /// A policy.
    PolicyRow {
        id: PolicyId,
        tenant_id: TenantId,
        kind: String,
        name: String,
        description: String,
        body: Json<PolicyBody>,
        version: i64,
    }
    /// For whom a policy holds: everybody where no target is named.
    PolicyAssignmentRow {
        id: Uuid,
        tenant_id: TenantId,
        kind: String,
        policy_id: PolicyId,
        policy_name: String,
        group_id: Option<GroupId>,
        person_id: Option<UserId>,
        number: Option<E164>,
        rank: Option<u32>,
    }
    /// A group, with how many are in it.
    GroupRow {
        id: GroupId,
        tenant_id: TenantId,
        name: String,
        external_id: Option<String>,
        members: u32,
    }
    /// Who is in which group.
    GroupMemberRow { group_id: GroupId, person_id: UserId, tenant_id: TenantId }
    /// Who is in a group, by name.
    GroupPersonRow { id: UserId, upn: String, display_name: String }
    /// A tenant's rules for callers, and for numbers that nobody has.
    ScreeningRow { tenant_id: TenantId, rules: Json<ScreeningRules>, version: i64 }
}

macro_rules! policy_select {
    ($tail:literal) => {
        concat!("SELECT id, tenant_id, kind, name, description, body, version FROM policy ", $tail)
    };
}

macro_rules! assignment_select {
    ($tail:literal) => {
        concat!(
            "SELECT a.id, a.tenant_id, a.kind, a.policy_id, p.name AS policy_name, a.group_id, ",
            "a.person_id, a.number, a.rank FROM policy_assignment a ",
            "JOIN policy p ON p.id = a.policy_id ",
            $tail
        )
    };
}

macro_rules! group_select {
    ($tail:literal) => {
        concat!(
            "SELECT g.id, g.tenant_id, g.name, g.external_id, (SELECT COUNT(*) FROM user_group_member m ",
            "WHERE m.group_id = g.id) AS members FROM user_group g ",
            $tail
        )
    };
}

statements! {
    POLICY_INSERT = "INSERT INTO policy (id, tenant_id, kind, name, description, body, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    POLICY_GET = policy_select!("WHERE tenant_id = $1 AND id = $2");
    POLICY_LIST = policy_select!(
        "WHERE tenant_id = $1 AND (CAST($2 AS TEXT) IS NULL OR kind = $2) \
         AND (CAST($3 AS UUID) IS NULL OR id > $3) ORDER BY id LIMIT $4");
    POLICY_NAMED = "SELECT id AS v FROM policy WHERE tenant_id = $1 AND kind = $2 AND name = $3";
    POLICY_COUNT = "SELECT COUNT(*) AS v FROM policy WHERE tenant_id = $1 AND kind = $2";
    POLICY_UPDATE = "UPDATE policy SET name = $3, description = $4, body = $5, \
        version = version + 1 WHERE id = $1 AND version = $2";
    POLICY_DELETE = "DELETE FROM policy WHERE tenant_id = $1 AND id = $2";
    POLICY_HOLDS = "SELECT COUNT(*) AS v FROM policy_assignment WHERE policy_id = $1";
    ASSIGNMENT_INSERT = "INSERT INTO policy_assignment \
        (id, tenant_id, kind, policy_id, group_id, person_id, number, rank) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ASSIGNMENT_DELETE_GLOBAL = "DELETE FROM policy_assignment WHERE tenant_id = $1 AND kind = $2 \
        AND group_id IS NULL AND person_id IS NULL AND number IS NULL";
    ASSIGNMENT_DELETE_GROUP = "DELETE FROM policy_assignment WHERE tenant_id = $1 AND kind = $2 \
        AND group_id = $3";
    ASSIGNMENT_DELETE_PERSON = "DELETE FROM policy_assignment WHERE tenant_id = $1 AND kind = $2 \
        AND person_id = $3";
    ASSIGNMENT_DELETE_NUMBER = "DELETE FROM policy_assignment WHERE tenant_id = $1 AND kind = $2 \
        AND number = $3";
    ASSIGNMENT_RANKED = "SELECT group_id AS v FROM policy_assignment \
        WHERE tenant_id = $1 AND kind = $2 AND rank = $3 AND group_id IS NOT NULL";
    ASSIGNMENTS_OF_GROUP_DELETE = "DELETE FROM policy_assignment \
        WHERE tenant_id = $1 AND group_id = $2";
    ASSIGNMENT_LIST = assignment_select!(
        "WHERE a.tenant_id = $1 AND (CAST($2 AS UUID) IS NULL OR a.id > $2) \
         ORDER BY a.id LIMIT $3");
    ASSIGNMENTS_FOR = assignment_select!(
        "WHERE a.tenant_id = $1 AND ((a.group_id IS NULL AND a.person_id IS NULL \
            AND a.number IS NULL) OR a.person_id = $2 OR a.number = $3 OR a.group_id IN \
            (SELECT m.group_id FROM user_group_member m WHERE m.person_id = $2)) ORDER BY a.id");
    GROUP_INSERT = "INSERT INTO user_group (id, tenant_id, name, external_id) \
        VALUES ($1, $2, $3, $4)";
    GROUP_SAVE = "UPDATE user_group SET name = $3, external_id = $4 \
        WHERE tenant_id = $1 AND id = $2";
    GROUP_TOUCH = "UPDATE user_group SET name = name WHERE tenant_id = $1 AND id = $2";
    GROUPS_OF_PERSON = "SELECT group_id AS v FROM user_group_member \
        WHERE tenant_id = $1 AND person_id = $2 ORDER BY group_id";
    GROUP_GET = group_select!("WHERE g.tenant_id = $1 AND g.id = $2");
    GROUP_LIST = group_select!(
        "WHERE g.tenant_id = $1 AND (CAST($2 AS UUID) IS NULL OR g.id > $2) \
         ORDER BY g.id LIMIT $3");
    GROUP_NAMED = "SELECT id AS v FROM user_group WHERE tenant_id = $1 AND name = $2";
    GROUP_DELETE = "DELETE FROM user_group WHERE tenant_id = $1 AND id = $2";
    GROUP_EMPTY = "DELETE FROM user_group_member WHERE tenant_id = $1 AND group_id = $2";
    GROUP_JOIN = "INSERT INTO user_group_member (group_id, person_id, tenant_id) \
        VALUES ($1, $2, $3) ON CONFLICT (group_id, person_id) DO NOTHING";
    GROUP_LEAVE = "DELETE FROM user_group_member WHERE group_id = $1 AND person_id = $2 \
        AND tenant_id = $3";
    GROUP_PEOPLE = "SELECT p.id, p.upn, p.display_name FROM user_group_member m \
        JOIN person p ON p.id = m.person_id WHERE m.tenant_id = $1 AND m.group_id = $2 \
        AND (CAST($3 AS UUID) IS NULL OR p.id > $3) ORDER BY p.id LIMIT $4";
    SCREENING_GET = "SELECT tenant_id, rules, version FROM screening WHERE tenant_id = $1";
    SCREENING_INSERT = "INSERT INTO screening (tenant_id, rules, version) VALUES ($1, $2, 1) \
        ON CONFLICT (tenant_id) DO NOTHING";
    SCREENING_UPDATE = "UPDATE screening SET rules = $3, version = version + 1 \
        WHERE tenant_id = $1 AND version = $2";
    WORLD_POLICIES = policy_select!("ORDER BY id");
    WORLD_ASSIGNMENTS = assignment_select!("ORDER BY a.id");
    WORLD_MEMBERS = "SELECT group_id, person_id, tenant_id FROM user_group_member \
        ORDER BY group_id, person_id";
    WORLD_SCREENING = "SELECT tenant_id, rules, version FROM screening ORDER BY tenant_id";
}

impl Db {
    /// Adds a policy.
    pub async fn policy_insert(&mut self, p: &PolicyRow) -> Result<(), StoreError> {
        let args = args![p.id, p.tenant_id, p.kind, p.name, p.description, p.body, p.version];
        self.exec(POLICY_INSERT, args).await?;
        Ok(())
    }

    /// A policy of a tenant.
    pub async fn policy_get(
        &mut self,
        tenant: TenantId,
        id: PolicyId,
    ) -> Result<Option<PolicyRow>, StoreError> {
        self.one(POLICY_GET, args![tenant, id]).await
    }

    /// A tenant's policies of a kind, or all, after an id.
    pub async fn policy_list(
        &mut self,
        tenant: TenantId,
        kind: Option<&str>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<PolicyRow>, StoreError> {
        self.all(POLICY_LIST, args![tenant, kind.map(str::to_owned), after, limit]).await
    }

    /// The policy of this kind and name.
    pub async fn policy_named(
        &mut self,
        tenant: TenantId,
        kind: &str,
        name: &str,
    ) -> Result<Option<PolicyId>, StoreError> {
        self.value(POLICY_NAMED, args![tenant, kind.to_owned(), name.to_owned()]).await
    }

    /// How many policies of a kind the tenant has.
    pub async fn policy_count(&mut self, tenant: TenantId, kind: &str) -> Result<i64, StoreError> {
        Ok(self.value(POLICY_COUNT, args![tenant, kind.to_owned()]).await?.unwrap_or(0))
    }

    /// Replaces a policy of this version; `false` where the version is another.
    pub async fn policy_update(&mut self, p: &PolicyRow) -> Result<bool, StoreError> {
        let args = args![p.id, p.version, p.name, p.description, p.body];
        Ok(self.exec(POLICY_UPDATE, args).await? > 0)
    }

    /// Removes a policy that holds for nobody.
    pub async fn policy_delete(
        &mut self,
        tenant: TenantId,
        id: PolicyId,
    ) -> Result<(), StoreError> {
        self.exec(POLICY_DELETE, args![tenant, id]).await?;
        Ok(())
    }

    /// For how many targets the policy holds.
    pub async fn policy_holds(&mut self, id: PolicyId) -> Result<i64, StoreError> {
        Ok(self.value(POLICY_HOLDS, args![id]).await?.unwrap_or(0))
    }

    /// Lets a policy hold for a target that has none of its kind.
    pub async fn policy_assign(&mut self, a: &PolicyAssignmentRow) -> Result<(), StoreError> {
        let args = args![
            a.id,
            a.tenant_id,
            a.kind,
            a.policy_id,
            a.group_id,
            a.person_id,
            a.number,
            a.rank
        ];
        self.exec(ASSIGNMENT_INSERT, args).await?;
        Ok(())
    }

    /// Takes the policy of a kind from a target; how many there were.
    pub async fn policy_unassign(
        &mut self,
        tenant: TenantId,
        kind: &str,
        group: Option<GroupId>,
        person: Option<UserId>,
        number: Option<E164>,
    ) -> Result<u64, StoreError> {
        let kind = kind.to_owned();
        match (group, person, number) {
            (Some(group), ..) => {
                self.exec(ASSIGNMENT_DELETE_GROUP, args![tenant, kind, group]).await
            }
            (_, Some(person), _) => {
                self.exec(ASSIGNMENT_DELETE_PERSON, args![tenant, kind, person]).await
            }
            (.., Some(number)) => {
                self.exec(ASSIGNMENT_DELETE_NUMBER, args![tenant, kind, number]).await
            }
            (None, None, None) => self.exec(ASSIGNMENT_DELETE_GLOBAL, args![tenant, kind]).await,
        }
    }

    /// The group of a rank, of those that have a policy of a kind.
    pub async fn policy_ranked(
        &mut self,
        tenant: TenantId,
        kind: &str,
        rank: u32,
    ) -> Result<Option<GroupId>, StoreError> {
        self.value(ASSIGNMENT_RANKED, args![tenant, kind.to_owned(), rank]).await
    }

    /// For whom the tenant's policies hold, after an id.
    pub async fn policy_assignment_list(
        &mut self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<PolicyAssignmentRow>, StoreError> {
        self.all(ASSIGNMENT_LIST, args![tenant, after, limit]).await
    }

    /// What is assigned to a person, their groups, a number and everybody.
    pub async fn policy_assignments_for(
        &mut self,
        tenant: TenantId,
        person: Option<UserId>,
        number: Option<E164>,
    ) -> Result<Vec<PolicyAssignmentRow>, StoreError> {
        self.all(ASSIGNMENTS_FOR, args![tenant, person, number]).await
    }

    /// Adds a group.
    pub async fn group_insert(&mut self, g: &GroupRow) -> Result<(), StoreError> {
        self.exec(GROUP_INSERT, args![g.id, g.tenant_id, g.name, g.external_id]).await?;
        Ok(())
    }

    /// Replaces a group's names.
    pub async fn group_save(&mut self, g: &GroupRow) -> Result<(), StoreError> {
        self.exec(GROUP_SAVE, args![g.tenant_id, g.id, g.name, g.external_id]).await?;
        Ok(())
    }

    /// The groups that a person is in.
    pub async fn groups_of_person(
        &mut self,
        tenant: TenantId,
        person: UserId,
    ) -> Result<Vec<GroupId>, StoreError> {
        self.values(GROUPS_OF_PERSON, args![tenant, person]).await
    }

    /// A group of a tenant.
    pub async fn group_get(
        &mut self,
        tenant: TenantId,
        id: GroupId,
    ) -> Result<Option<GroupRow>, StoreError> {
        self.one(GROUP_GET, args![tenant, id]).await
    }

    /// The tenant's groups after an id.
    pub async fn group_list(
        &mut self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<GroupRow>, StoreError> {
        self.all(GROUP_LIST, args![tenant, after, limit]).await
    }

    /// The group of this name.
    pub async fn group_named(
        &mut self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<GroupId>, StoreError> {
        self.value(GROUP_NAMED, args![tenant, name.to_owned()]).await
    }

    /// Keeps others from removing a group, or from naming it, until this transaction ends; `false`
    /// where the tenant has no such group.
    pub async fn group_lock(&mut self, tenant: TenantId, id: GroupId) -> Result<bool, StoreError> {
        Ok(self.exec(GROUP_TOUCH, args![tenant, id]).await? > 0)
    }

    /// Removes a group with its memberships and what is assigned to it.
    pub async fn group_delete(&mut self, tenant: TenantId, id: GroupId) -> Result<(), StoreError> {
        self.exec(ASSIGNMENTS_OF_GROUP_DELETE, args![tenant, id]).await?;
        self.exec(GROUP_EMPTY, args![tenant, id]).await?;
        self.exec(GROUP_DELETE, args![tenant, id]).await?;
        Ok(())
    }

    /// Takes a person of the tenant into a group; `false` where they are in it.
    pub async fn group_join(
        &mut self,
        tenant: TenantId,
        group: GroupId,
        person: UserId,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(GROUP_JOIN, args![group, person, tenant]).await? > 0)
    }

    /// Takes a person out of a group; `false` where they are not in it.
    pub async fn group_leave(
        &mut self,
        tenant: TenantId,
        group: GroupId,
        person: UserId,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(GROUP_LEAVE, args![group, person, tenant]).await? > 0)
    }

    /// Who is in a group, after an id.
    pub async fn group_people(
        &mut self,
        tenant: TenantId,
        group: GroupId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<GroupPersonRow>, StoreError> {
        self.all(GROUP_PEOPLE, args![tenant, group, after, limit]).await
    }

    /// The tenant's rules for callers, and for numbers that nobody has.
    pub async fn screening_get(
        &mut self,
        tenant: TenantId,
    ) -> Result<Option<ScreeningRow>, StoreError> {
        self.one(SCREENING_GET, args![tenant]).await
    }

    /// Sets them, where they have this version; version 0 is that of a tenant that never
    /// had any. `false` where the version is another.
    pub async fn screening_put(
        &mut self,
        tenant: TenantId,
        version: i64,
        rules: &Json<ScreeningRules>,
    ) -> Result<bool, StoreError> {
        let touched = match version {
            0 => self.exec(SCREENING_INSERT, args![tenant, *rules]).await?,
            _ => self.exec(SCREENING_UPDATE, args![tenant, version, *rules]).await?,
        };
        Ok(touched > 0)
    }

    /// Every policy.
    pub async fn world_policies(&mut self) -> Result<Vec<PolicyRow>, StoreError> {
        self.all(WORLD_POLICIES, args![]).await
    }

    /// For whom policies hold.
    pub async fn world_policy_assignments(
        &mut self,
    ) -> Result<Vec<PolicyAssignmentRow>, StoreError> {
        self.all(WORLD_ASSIGNMENTS, args![]).await
    }

    /// Who is in which group, by group.
    pub async fn world_group_members(&mut self) -> Result<Vec<GroupMemberRow>, StoreError> {
        self.all(WORLD_MEMBERS, args![]).await
    }

    /// Every tenant's rules for callers, and for numbers that nobody has.
    pub async fn world_screening(&mut self) -> Result<Vec<ScreeningRow>, StoreError> {
        self.all(WORLD_SCREENING, args![]).await
    }
}
