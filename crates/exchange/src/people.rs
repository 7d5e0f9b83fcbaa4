//! Use cases: people with their phones, call queues.

use crate::act::{
    Fail, Keep, change, cursor, done, invalid, limit, matches, new_id, not_found, page, raced, text,
};
use crate::authz::Access;
use crate::listing::{Narrowed, Wanted};
use crate::{Cx, Exchange, ListQuery, records, secret};
use api_types::tenant::{
    PhoneCredentials, ResourceAccount, ResourceAccountCreate, User, UserCreate, UserLine,
    UserUpdate,
};
use api_types::{ErrorCode, Page, Problem};
use domain::{ResourceAccountId, TenantId, UserId};
use feed::change::Change;
use numbering::Country;
use store::listing::PEOPLE;
use store::{AccountRow, AgentRow, Db, Json, PersonRow};
use uuid::Uuid;

/// Most agents of a queue.
const MAX_AGENTS: usize = 200;
/// Most licences of a person or a queue.
const MAX_LICENCES: usize = 50;

pub(crate) fn user_document(row: PersonRow) -> User {
    let lines = row.lines().into_iter().map(|(category, number)| UserLine {
        number: number.to_string(),
        category: category.as_str().to_owned(),
    });
    User {
        lines: lines.collect(),
        id: row.id.0,
        upn: row.upn,
        display_name: row.display_name,
        country: row.country.to_string(),
        licences: row.licences.0,
        number: row.number.map(|n| n.to_string()),
        has_phone: row.ha1_sha256.is_some(),
        active: row.active,
        version: row.version,
    }
}

fn account_document(row: AccountRow, agents: Vec<UserId>) -> ResourceAccount {
    ResourceAccount {
        id: row.id.0,
        upn: row.upn,
        display_name: row.display_name,
        kind: row.kind,
        licences: row.licences.0,
        agent_ids: agents.into_iter().map(|a| a.0).collect(),
        ring_seconds: row.ring_seconds,
        number: row.number.map(|n| n.to_string()),
        version: row.version,
    }
}

/// `name@domain`, lower case; answers with it and its part before the `@`,
/// which becomes the phone's user name and so the user part of a SIP URI.
pub(crate) fn upn_parse(upn: &str) -> Result<(String, String), Problem> {
    let upn = text("upn", upn, 113)?.to_ascii_lowercase();
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+');
    match upn.split_once('@') {
        Some((user, host))
            if (1..=64).contains(&user.len())
                && user.bytes().all(safe)
                && host.contains('.')
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')) =>
        {
            Ok((upn.clone(), user.to_owned()))
        }
        _ => Err(invalid("upn", "a user principal name looks like alice@contoso.example")),
    }
}

pub(crate) fn licences_parse(licences: &[String]) -> Result<Vec<String>, Problem> {
    // Before each is compared with all others.
    if licences.len() > MAX_LICENCES {
        return Err(invalid("licences", format!("there are at most {MAX_LICENCES} licences")));
    }
    let mut parsed: Vec<String> = Vec::new();
    for licence in licences {
        let good = (1..=50).contains(&licence.len())
            && licence.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !good {
            return Err(invalid("licences", format!("{licence:?} is no licence's name")));
        }
        if !parsed.contains(licence) {
            parsed.push(licence.clone());
        }
    }
    Ok(parsed)
}

pub(crate) fn agents_of(agents: &[AgentRow], account: ResourceAccountId) -> Vec<UserId> {
    agents.iter().filter(|a| a.account_id == account).map(|a| a.person_id).collect()
}

async fn person_must(db: &mut Db, tenant: TenantId, id: Uuid) -> Result<PersonRow, Fail> {
    Ok(db.person_get(tenant, UserId(id)).await?.ok_or_else(|| not_found("user", id))?)
}

impl Exchange {
    /// Adds a person.
    pub async fn user_create(&self, cx: &Cx, new: UserCreate) -> Result<User, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let (upn, username) = upn_parse(&new.upn)?;
        let display_name = text("display_name", &new.display_name, 100)?;
        let licences = licences_parse(&new.licences)?;
        let country = Country::parse(&new.country)
            .map_err(|e| invalid("country", format!("{:?}: {e}", new.country)))?;
        self.act(cx, "user.create", Keep::Answer, async |mut tx| {
            if let Some(other) = tx.person_taken(tenant, &upn, &username).await? {
                let reason = format!("{other} has this name, or this phone user name");
                return Err(ErrorCode::Conflict.problem(Some("/upn"), reason).into());
            }
            let row = PersonRow {
                id: UserId(new_id()),
                tenant_id: tenant,
                upn: upn.clone(),
                username: username.clone(),
                display_name: display_name.clone(),
                country,
                licences: Json(licences.clone()),
                version: 1,
                number: None,
                others: None,
                ha1_sha256: None,
                ha1_md5: None,
                external_id: None,
                active: true,
                directory: None,
            };
            tx.person_insert(&row).await?;
            change(&mut tx, &Change::UserPut(records::user(&row)));
            let id = row.id;
            done(user_document(row), id)
        })
        .await
    }

    /// The tenant's people.
    pub async fn user_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<User>, Problem> {
        let list = list.into();
        let tenant = cx.tenant(Access::Read)?;
        let wanted = Wanted::read(&PEOPLE, list, Vec::new())?;
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.person_page(tenant, &wanted.pick, wanted.rows()).await?)
            })
            .await?;
        Ok(wanted.page(rows, user_document))
    }

    /// One person.
    pub async fn user_get(&self, cx: &Cx, id: Uuid) -> Result<User, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let row =
            self.view_as(cx, async |mut db: Db| person_must(&mut db, tenant, id).await).await?;
        Ok(user_document(row))
    }

    /// Edits a person. Taking the telephony licence away leaves the number
    /// where it is: calls in still ring, calls out are refused. Whoever is not
    /// active has no phone either; what becomes of their number, the tenant's
    /// settings say.
    pub async fn user_update(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
        edit: UserUpdate,
    ) -> Result<User, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let name =
            edit.display_name.as_deref().map(|n| text("display_name", n, 100)).transpose()?;
        let licences = edit.licences.as_deref().map(licences_parse).transpose()?;
        self.act(cx, "user.update", Keep::Answer, async |mut tx| {
            let mut row = person_must(&mut tx, tenant, id).await?;
            matches(if_match, row.version, true)?;
            if let Some(name) = &name {
                row.display_name.clone_from(name);
            }
            if let Some(licences) = &licences {
                row.licences = Json(licences.clone());
            }
            let was_active = row.active;
            row.active = edit.active.unwrap_or(row.active);
            raced(tx.person_update(&row, row.version).await?)?;
            row.version += 1;
            if was_active && !row.active {
                row = crate::leavers::deactivated(&mut tx, row).await?;
            }
            change(&mut tx, &Change::UserPut(records::user(&row)));
            done(user_document(row), id)
        })
        .await
    }

    /// New phone credentials; the old ones stop working.
    pub async fn user_phone_create(&self, cx: &Cx, id: Uuid) -> Result<PhoneCredentials, Problem> {
        let tenant = cx.tenant(Access::Help)?;
        self.act(cx, "user.phone", Keep::Nothing, async |mut tx| {
            let row = person_must(&mut tx, tenant, id).await?;
            let domain = tx.tenant_get(tenant).await?.ok_or_else(|| not_found("tenant", tenant))?;
            let domain = domain.domain;
            let password = secret::draw();
            let ha1 = sip::digest::Ha1::from_password(&row.username, &domain, &password);
            let (sha256, md5) = (ha1.sha256.unwrap_or_default(), ha1.md5.unwrap_or_default());
            let at = tx.at();
            tx.person_touch(tenant, row.id).await?;
            tx.phone_put(row.id, &secret::hex(&sha256), &secret::hex(&md5), at).await?;
            let row = person_must(&mut tx, tenant, id).await?;
            change(&mut tx, &Change::UserPut(records::user(&row)));
            let aor = format!("sip:{}@{domain}", row.username);
            done(PhoneCredentials { username: row.username, password, domain, aor }, id)
        })
        .await
    }

    /// Adds a call queue.
    pub async fn resource_account_create(
        &self,
        cx: &Cx,
        new: ResourceAccountCreate,
    ) -> Result<ResourceAccount, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let (upn, _) = upn_parse(&new.upn)?;
        let display_name = text("display_name", &new.display_name, 100)?;
        let licences = licences_parse(&new.licences)?;
        if new.kind != "call_queue" {
            return Err(invalid("kind", "a kind is call_queue"));
        }
        let ring_seconds = new.ring_seconds.unwrap_or(30);
        if !(5..=180).contains(&ring_seconds) {
            return Err(invalid("ring_seconds", "agents ring for 5 to 180 seconds"));
        }
        if new.agent_ids.len() > MAX_AGENTS {
            return Err(invalid("agent_ids", format!("a queue has at most {MAX_AGENTS} agents")));
        }
        let mut agents: Vec<UserId> = Vec::new();
        for agent in new.agent_ids.iter().copied().map(UserId) {
            if !agents.contains(&agent) {
                agents.push(agent);
            }
        }
        self.act(cx, "resource_account.create", Keep::Answer, async |mut tx| {
            if tx.account_taken(tenant, &upn).await?.is_some() {
                let reason = format!("a resource account {upn} exists");
                return Err(ErrorCode::Conflict.problem(Some("/upn"), reason).into());
            }
            for agent in &agents {
                if tx.person_get(tenant, *agent).await?.is_none() {
                    let reason = format!("no user {agent} in this tenant");
                    return Err(ErrorCode::UnknownUser.problem(Some("/agent_ids"), reason).into());
                }
            }
            let row = AccountRow {
                id: ResourceAccountId(new_id()),
                tenant_id: tenant,
                upn: upn.clone(),
                display_name: display_name.clone(),
                kind: new.kind.clone(),
                licences: Json(licences.clone()),
                ring_seconds,
                version: 1,
                number: None,
            };
            tx.account_insert(&row, &agents).await?;
            change(&mut tx, &Change::QueuePut(records::queue(&row, agents.clone())));
            let id = row.id;
            done(account_document(row, agents.clone()), id)
        })
        .await
    }

    /// The tenant's resource accounts.
    pub async fn resource_account_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<ResourceAccount>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (limit, after) = (limit(&list)?, cursor(&list)?);
        let (rows, agents) = self
            .view_as(cx, async |mut db: Db| {
                let rows = db.account_list(tenant, after, limit + 1).await?;
                Ok((rows, db.agent_list(Some(tenant)).await?))
            })
            .await?;
        Ok(page(
            rows,
            limit,
            |row| row.id.0,
            |row| {
                let own = agents_of(&agents, row.id);
                account_document(row, own)
            },
        ))
    }

    /// One resource account.
    pub async fn resource_account_get(
        &self,
        cx: &Cx,
        id: Uuid,
    ) -> Result<ResourceAccount, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        self.view_as(cx, async |mut db: Db| {
            let row = db.account_get(tenant, ResourceAccountId(id)).await?;
            let row = row.ok_or_else(|| not_found("resource account", id))?;
            let agents = agents_of(&db.agent_list(Some(tenant)).await?, row.id);
            Ok(account_document(row, agents))
        })
        .await
    }
}
