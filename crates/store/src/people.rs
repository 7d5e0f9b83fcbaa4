//! People with their phones, resource accounts with their agents.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{PEOPLE, Pick};
use crate::value::{Json, args, row};
use domain::line::{AssignmentCategory, Lines};
use domain::{ResourceAccountId, TenantId, UserId};
use numbering::{Country, E164};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a directory keeps of a person beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// Mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
}

row! {
    /// A person, with their primary number, their other lines and their phone's digests.
    PersonRow {
        id: UserId,
        tenant_id: TenantId,
        upn: String,
        username: String,
        display_name: String,
        country: Country,
        licences: Json<Vec<String>>,
        version: i64,
        number: Option<E164>,
        others: Option<Json<Vec<(AssignmentCategory, E164)>>>,
        ha1_sha256: Option<String>,
        ha1_md5: Option<String>,
        external_id: Option<String>,
        active: bool,
        directory: Option<Json<Directory>>,
    }
    /// A resource account, with its number.
    AccountRow {
        id: ResourceAccountId,
        tenant_id: TenantId,
        upn: String,
        display_name: String,
        kind: String,
        licences: Json<Vec<String>>,
        ring_seconds: u32,
        version: i64,
        number: Option<E164>,
    }
    /// A person by name.
    PersonNameRow { id: UserId, upn: String }
    /// An agent of a queue.
    AgentRow { account_id: ResourceAccountId, person_id: UserId }
}

impl PersonRow {
    /// Their lines beside the primary one, in the order of their numbers.
    pub fn lines(&self) -> Vec<(AssignmentCategory, E164)> {
        let mut lines = self.others.as_ref().map(|lines| lines.0.clone()).unwrap_or_default();
        lines.sort_by_key(|(_, number)| *number);
        lines
    }

    /// All their numbers, the primary one first.
    pub fn numbers(&self) -> impl Iterator<Item = E164> + use<> {
        self.number.into_iter().chain(self.lines().into_iter().map(|(_, number)| number))
    }

    /// The first of their alternate lines.
    pub fn alternate(&self) -> Option<E164> {
        let mut lines = self.lines().into_iter();
        lines.find_map(|(of, number)| (of == AssignmentCategory::Alternate).then_some(number))
    }

    /// What they have beside a number, as the rules of assignment ask.
    pub fn lines_beside(&self, number: E164) -> Lines {
        let primary = self.number.map(|own| (AssignmentCategory::Primary, own));
        let all = primary.into_iter().chain(self.lines());
        Lines::of(all.filter(|(_, own)| *own != number).map(|(of, _)| of))
    }

    /// A number is not theirs any more.
    pub fn lose(&mut self, number: E164) {
        self.number = self.number.filter(|own| *own != number);
        if let Some(others) = &mut self.others {
            others.0.retain(|(_, own)| *own != number);
        }
    }

    /// A number is theirs from now on.
    pub fn gain(&mut self, category: AssignmentCategory, number: E164) {
        if category.is_primary() {
            self.number = Some(number);
        } else {
            self.others.get_or_insert_default().0.push((category, number));
        }
    }
}

macro_rules! person_select {
    ($tail:literal) => {
        concat!(
            "SELECT p.id, p.tenant_id, p.upn, p.username, p.display_name, p.country, ",
            "p.licences, p.version, n.number, c.ha1_sha256, c.ha1_md5, p.external_id, p.active, ",
            // The line's own index has none but the few that are not primary.
            "p.directory, (SELECT '[' || string_agg('[\"' || x.category || '\",\"+' ",
            "|| CAST(x.number AS TEXT) || '\"]', ',') || ']' FROM number x ",
            "WHERE x.person_id = p.id AND x.category <> 'Primary') AS others FROM person p ",
            "LEFT JOIN number n ON n.person_id = p.id AND n.category = 'Primary' ",
            "LEFT JOIN phone_credential c ON c.person_id = p.id ",
            $tail
        )
    };
}

macro_rules! account_select {
    ($tail:literal) => {
        concat!(
            "SELECT a.id, a.tenant_id, a.upn, a.display_name, a.kind, a.licences, ",
            "a.ring_seconds, a.version, n.number FROM resource_account a ",
            "LEFT JOIN number n ON n.account_id = a.id ",
            $tail
        )
    };
}

pub(crate) use {account_select, person_select};

/// A list of people up to its `WHERE`.
pub(crate) const PERSON_SELECT: &str = person_select!("");

statements! {
    PERSON_INSERT = "INSERT INTO person \
        (id, tenant_id, upn, username, display_name, country, licences, version, external_id, \
        active, directory) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    PERSON_SAVE = "UPDATE person SET upn = $3, display_name = $4, country = $5, licences = $6, \
        external_id = $7, active = $8, directory = $9, version = version + 1 \
        WHERE id = $1 AND version = $2";
    PERSON_NAMED_OTHER = "SELECT upn AS v FROM person \
        WHERE tenant_id = $1 AND upn = $2 AND id <> $3 LIMIT 1";
    PERSON_COUNT = "SELECT CAST(count(*) AS BIGINT) AS v FROM person WHERE tenant_id = $1";
    PERSON_PORTION = person_select!("WHERE p.tenant_id = $1 ORDER BY p.id LIMIT $2 OFFSET $3");
    PERSON_BY_UPN = person_select!("WHERE p.tenant_id = $1 AND p.upn = $2");
    PERSON_BY_EXTERNAL = person_select!(
        "WHERE p.tenant_id = $1 AND p.external_id = $2 ORDER BY p.id LIMIT 1000");
    PERSON_PHONE_DELETE = "DELETE FROM phone_credential WHERE person_id = $1";
    PERSON_DELETE = "DELETE FROM person WHERE tenant_id = $1 AND id = $2";
    AGENT_ACCOUNTS = "SELECT account_id AS v FROM resource_account_agent \
        WHERE tenant_id = $1 AND person_id = $2 ORDER BY account_id";
    AGENT_DELETE = "DELETE FROM resource_account_agent WHERE account_id = $1 AND person_id = $2";
    PERSON_TAKEN = "SELECT upn AS v FROM person \
        WHERE tenant_id = $1 AND (upn = $2 OR username = $3) LIMIT 1";
    PERSON_GET = person_select!("WHERE p.tenant_id = $1 AND p.id = $2");
    PERSON_UPDATE = "UPDATE person SET display_name = $3, licences = $4, active = $5, \
        version = version + 1 WHERE id = $1 AND version = $2";
    PERSON_TOUCH = "UPDATE person SET version = version + 1 WHERE tenant_id = $1 AND id = $2";
    PEOPLE_NAMED_LITE = "SELECT id, upn FROM person \
        WHERE tenant_id = $1 AND upn IN (SELECT value FROM json_each($2))";
    PEOPLE_NAMED_PG = "SELECT id, upn FROM person WHERE tenant_id = $1 AND upn IN (SELECT value \
        FROM json_array_elements_text(CAST($2 AS json)) AS j (value))";
    PEOPLE_LOCK_PG = "SELECT id AS v FROM person WHERE tenant_id = $1 AND id IN \
        (SELECT CAST(value AS UUID) FROM json_array_elements_text(CAST($2 AS json)) AS j (value)) \
        ORDER BY id FOR UPDATE";
    PEOPLE_OF_PG = person_select!("WHERE p.tenant_id = $1 AND p.id IN \
        (SELECT CAST(value AS UUID) FROM json_array_elements_text(CAST($2 AS json)) AS j (value))");
    PEOPLE_TOUCH_PG = "UPDATE person SET version = version + 1 WHERE tenant_id = $1 AND id IN \
        (SELECT CAST(value AS UUID) FROM json_array_elements_text(CAST($2 AS json)) AS j (value))";
    PHONE_PUT = "INSERT INTO phone_credential (person_id, ha1_sha256, ha1_md5, created_at) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (person_id) DO UPDATE SET \
        ha1_sha256 = excluded.ha1_sha256, ha1_md5 = excluded.ha1_md5, \
        created_at = excluded.created_at";
    ACCOUNT_INSERT = "INSERT INTO resource_account \
        (id, tenant_id, upn, display_name, kind, licences, ring_seconds, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ACCOUNT_TAKEN = "SELECT id AS v FROM resource_account WHERE tenant_id = $1 AND upn = $2";
    ACCOUNT_LOCK_PG = "SELECT id AS v FROM resource_account WHERE tenant_id = $1 AND id = $2 FOR UPDATE";
    ACCOUNT_GET = account_select!("WHERE a.tenant_id = $1 AND a.id = $2");
    ACCOUNT_LIST = account_select!(
        "WHERE a.tenant_id = $1 AND (CAST($2 AS UUID) IS NULL OR a.id > $2) \
         ORDER BY a.id LIMIT $3");
    ACCOUNT_TOUCH = "UPDATE resource_account SET version = version + 1 \
        WHERE tenant_id = $1 AND id = $2";
    AGENT_INSERT = "INSERT INTO resource_account_agent \
        (account_id, person_id, tenant_id, ordinal) VALUES ($1, $2, $3, $4)";
    AGENT_LIST = "SELECT account_id, person_id FROM resource_account_agent \
        WHERE (CAST($1 AS UUID) IS NULL OR tenant_id = $1) ORDER BY account_id, ordinal";
}

impl Db {
    /// Adds a person; number and phone of the row are not looked at.
    pub async fn person_insert(&mut self, p: &PersonRow) -> Result<(), StoreError> {
        let args = args![
            p.id,
            p.tenant_id,
            p.upn,
            p.username,
            p.display_name,
            p.country,
            p.licences,
            p.version,
            p.external_id,
            p.active,
            p.directory
        ];
        self.exec(PERSON_INSERT, args).await?;
        Ok(())
    }

    /// Replaces a person of this version, but for their phone's user name; `false` where the
    /// version is another.
    pub async fn person_save(&mut self, p: &PersonRow) -> Result<bool, StoreError> {
        let args = args![
            p.id,
            p.version,
            p.upn,
            p.display_name,
            p.country,
            p.licences,
            p.external_id,
            p.active,
            p.directory
        ];
        Ok(self.exec(PERSON_SAVE, args).await? > 0)
    }

    /// Has anybody but this one the user principal name?
    pub async fn person_named_other(
        &mut self,
        tenant: TenantId,
        upn: &str,
        but: UserId,
    ) -> Result<Option<String>, StoreError> {
        self.value(PERSON_NAMED_OTHER, args![tenant, upn.to_owned(), but]).await
    }

    /// How many people a tenant has.
    pub async fn person_count(&mut self, tenant: TenantId) -> Result<i64, StoreError> {
        Ok(self.value(PERSON_COUNT, args![tenant]).await?.unwrap_or(0))
    }

    /// Some of a tenant's people, in the order of their ids.
    pub async fn person_portion(
        &mut self,
        tenant: TenantId,
        skip: i64,
        take: u32,
    ) -> Result<Vec<PersonRow>, StoreError> {
        self.all(PERSON_PORTION, args![tenant, take, skip]).await
    }

    /// Whoever has this user principal name.
    pub async fn person_by_upn(
        &mut self,
        tenant: TenantId,
        upn: &str,
    ) -> Result<Vec<PersonRow>, StoreError> {
        self.all(PERSON_BY_UPN, args![tenant, upn.to_owned()]).await
    }

    /// Those whom a directory knows by this name.
    pub async fn person_by_external(
        &mut self,
        tenant: TenantId,
        external: &str,
    ) -> Result<Vec<PersonRow>, StoreError> {
        self.all(PERSON_BY_EXTERNAL, args![tenant, external.to_owned()]).await
    }

    /// Removes a person with their phone; nothing else may refer to them any more but groups and
    /// policies, which forget them.
    pub async fn person_delete(&mut self, tenant: TenantId, id: UserId) -> Result<(), StoreError> {
        self.exec(PERSON_PHONE_DELETE, args![id]).await?;
        self.exec(PERSON_DELETE, args![tenant, id]).await?;
        Ok(())
    }

    /// The accounts that a person is an agent of.
    pub async fn accounts_of_agent(
        &mut self,
        tenant: TenantId,
        person: UserId,
    ) -> Result<Vec<ResourceAccountId>, StoreError> {
        self.values(AGENT_ACCOUNTS, args![tenant, person]).await
    }

    /// Takes an agent out of a queue.
    pub async fn agent_remove(
        &mut self,
        account: ResourceAccountId,
        person: UserId,
    ) -> Result<(), StoreError> {
        self.exec(AGENT_DELETE, args![account, person]).await?;
        Ok(())
    }

    /// The user principal name of a person who has this one, or this phone
    /// user name.
    pub async fn person_taken(
        &mut self,
        tenant: TenantId,
        upn: &str,
        username: &str,
    ) -> Result<Option<String>, StoreError> {
        self.value(PERSON_TAKEN, args![tenant, upn.to_owned(), username.to_owned()]).await
    }

    /// A person of a tenant.
    pub async fn person_get(
        &mut self,
        tenant: TenantId,
        id: UserId,
    ) -> Result<Option<PersonRow>, StoreError> {
        self.one(PERSON_GET, args![tenant, id]).await
    }

    /// A page of a tenant's people.
    pub async fn person_page(
        &mut self,
        tenant: TenantId,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<PersonRow>, StoreError> {
        self.list_page(&PEOPLE, Some(tenant.0), pick, limit).await
    }

    /// Replaces name, licences and whether they are active, of this version; `false` where the
    /// version is another.
    pub async fn person_update(&mut self, p: &PersonRow, version: i64) -> Result<bool, StoreError> {
        let args = args![p.id, version, p.display_name, p.licences, p.active];
        Ok(self.exec(PERSON_UPDATE, args).await? > 0)
    }

    /// Counts the version up because the person's number or phone changes, and
    /// keeps others from doing so until this transaction ends; `false` where
    /// there is no such person.
    pub async fn person_touch(&mut self, tenant: TenantId, id: UserId) -> Result<bool, StoreError> {
        Ok(self.exec(PERSON_TOUCH, args![tenant, id]).await? > 0)
    }

    /// Those of the user principal names that a tenant has.
    pub async fn people_named(
        &mut self,
        tenant: TenantId,
        upns: &[String],
    ) -> Result<Vec<PersonNameRow>, StoreError> {
        let sql = if self.is_pg() { PEOPLE_NAMED_PG } else { PEOPLE_NAMED_LITE };
        self.all(sql, args![tenant, Json(upns.to_vec())]).await
    }

    /// Those of the people that a tenant has; nobody else gives them a number until this
    /// transaction ends.
    pub async fn people_locked(
        &mut self,
        tenant: TenantId,
        ids: &[UserId],
    ) -> Result<Vec<PersonRow>, StoreError> {
        if self.is_pg() {
            let ids = Json(ids.to_vec());
            self.values::<UserId>(PEOPLE_LOCK_PG, args![tenant, ids]).await?;
            return self.all(PEOPLE_OF_PG, args![tenant, ids]).await;
        }
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.person_get(tenant, *id).await?);
        }
        Ok(found)
    }

    /// As [`Db::person_touch`], for several.
    pub async fn people_touch(
        &mut self,
        tenant: TenantId,
        ids: &[UserId],
    ) -> Result<(), StoreError> {
        if self.is_pg() {
            self.exec(PEOPLE_TOUCH_PG, args![tenant, Json(ids.to_vec())]).await?;
            return Ok(());
        }
        for id in ids {
            self.person_touch(tenant, *id).await?;
        }
        Ok(())
    }

    /// Sets the digests of a person's phone.
    pub async fn phone_put(
        &mut self,
        person: UserId,
        ha1_sha256: &str,
        ha1_md5: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        self.exec(PHONE_PUT, args![person, ha1_sha256.to_owned(), ha1_md5.to_owned(), at]).await?;
        Ok(())
    }

    /// Adds a resource account with its agents, in their order.
    pub async fn account_insert(
        &mut self,
        a: &AccountRow,
        agents: &[UserId],
    ) -> Result<(), StoreError> {
        let args = args![
            a.id,
            a.tenant_id,
            a.upn,
            a.display_name,
            a.kind,
            a.licences,
            a.ring_seconds,
            a.version
        ];
        self.exec(ACCOUNT_INSERT, args).await?;
        for (ordinal, agent) in (0i64..).zip(agents) {
            self.exec(AGENT_INSERT, args![a.id, *agent, a.tenant_id, ordinal]).await?;
        }
        Ok(())
    }

    /// Is there an account of this name?
    pub async fn account_taken(
        &mut self,
        tenant: TenantId,
        upn: &str,
    ) -> Result<Option<ResourceAccountId>, StoreError> {
        self.value(ACCOUNT_TAKEN, args![tenant, upn.to_owned()]).await
    }

    /// A resource account of a tenant.
    pub async fn account_get(
        &mut self,
        tenant: TenantId,
        id: ResourceAccountId,
    ) -> Result<Option<AccountRow>, StoreError> {
        self.one(ACCOUNT_GET, args![tenant, id]).await
    }

    /// A tenant's resource accounts after an id.
    pub async fn account_list(
        &mut self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AccountRow>, StoreError> {
        self.all(ACCOUNT_LIST, args![tenant, after, limit]).await
    }

    /// As [`Db::person_touch`], for a resource account.
    pub async fn account_touch(
        &mut self,
        tenant: TenantId,
        id: ResourceAccountId,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(ACCOUNT_TOUCH, args![tenant, id]).await? > 0)
    }

    /// As [`Db::people_locked`], for one resource account.
    pub async fn account_locked(
        &mut self,
        tenant: TenantId,
        id: ResourceAccountId,
    ) -> Result<Option<AccountRow>, StoreError> {
        if self.is_pg() {
            self.value::<ResourceAccountId>(ACCOUNT_LOCK_PG, args![tenant, id]).await?;
        }
        self.account_get(tenant, id).await
    }

    /// The agents of one tenant's queues, or of all.
    pub async fn agent_list(
        &mut self,
        tenant: Option<TenantId>,
    ) -> Result<Vec<AgentRow>, StoreError> {
        self.all(AGENT_LIST, args![tenant]).await
    }
}
