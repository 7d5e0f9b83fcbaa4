//! Use cases: change freezes. What a window refuses is refused in `act`, the one place where
//! every use case that changes something begins.

use crate::act::{
    Fail, HOUSE, Keep, change_other, cursor, done, invalid, limit, new_id, not_found, of_tenant,
    page, text, time,
};
use crate::authz::Access;
use crate::{Cx, Exchange, ListQuery};
use api_types::freeze::{ChangeFreeze, ChangeFreezeCreate};
use api_types::{ErrorCode, Page, Problem};
use domain::TenantId;
use domain::freeze::{self, FreezeError};
use store::{ChangeFreezeRow, Db, Tx};
use uuid::Uuid;

const MOST_NAME: usize = 100;

/// Refuses a change of what is a tenant's, or of anybody's, while a window is open.
pub(crate) async fn check(tx: &mut Tx, tenant: Option<TenantId>) -> Result<(), Fail> {
    let at = tx.at();
    match tx.freeze_open(tenant, at).await? {
        None => Ok(()),
        Some(window) => Err(frozen(&window).into()),
    }
}

/// What a change is refused with in this window.
pub(crate) fn frozen(window: &ChangeFreezeRow) -> Problem {
    let whose = match window.tenant_id {
        Some(_) => "the tenant's",
        None => "the programme's",
    };
    let ends = time(window.ends_at);
    let reason = format!("{whose} change freeze {:?} lasts until {ends}", window.name);
    ErrorCode::ChangeFreeze.problem(None, reason)
}

fn document(row: ChangeFreezeRow) -> ChangeFreeze {
    ChangeFreeze {
        id: row.id,
        tenant_id: row.tenant_id.map(|id| id.0),
        name: row.name,
        starts_at: time(row.starts_at),
        ends_at: time(row.ends_at),
    }
}

impl Exchange {
    async fn freezes(
        &self,
        cx: &Cx,
        tenant: Option<TenantId>,
        list: ListQuery,
    ) -> Result<Page<ChangeFreeze>, Problem> {
        let (most, after) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let now = crate::act::now();
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.freeze_list(tenant, now, after, most + 1).await?)
            })
            .await?;
        Ok(page(rows, most, |row| row.id, document))
    }

    async fn freeze_add(
        &self,
        cx: &Cx,
        tenant: Option<TenantId>,
        new: ChangeFreezeCreate,
    ) -> Result<ChangeFreeze, Problem> {
        let name = text("name", &new.name, MOST_NAME)?;
        self.act(cx, "change_freeze.create", Keep::Answer, async |mut tx| {
            let at = tx.at();
            let starts_at = new.starts_at.map_or(at, |starts| starts.as_microsecond());
            let ends_at = new.ends_at.as_microsecond();
            freeze::check(starts_at, ends_at, at).map_err(|error| match error {
                FreezeError::Empty | FreezeError::Past | FreezeError::TooLong => {
                    invalid("ends_at", error.to_string())
                }
            })?;
            let row = ChangeFreezeRow {
                id: new_id(),
                tenant_id: tenant,
                name: name.clone(),
                starts_at,
                ends_at,
                created_at: at,
            };
            tx.freeze_insert(&row).await?;
            let owner = tenant.map_or(HOUSE, of_tenant);
            change_other(&mut tx, "change_freeze", row.id, owner);
            let id = row.id;
            done(document(row), id)
        })
        .await
    }

    async fn freeze_end(
        &self,
        cx: &Cx,
        tenant: Option<TenantId>,
        id: Uuid,
    ) -> Result<ChangeFreeze, Problem> {
        self.act(cx, "change_freeze.remove", Keep::Answer, async |mut tx| {
            let row = tx.freeze_get(id).await?.filter(|row| row.tenant_id == tenant);
            let row = row.ok_or_else(|| not_found("change freeze of yours", id))?;
            tx.freeze_delete(id).await?;
            change_other(&mut tx, "change_freeze", id, tenant.map_or(HOUSE, of_tenant));
            done(document(row), id)
        })
        .await
    }

    /// The programme's windows that are not over.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn programme_freeze_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<ChangeFreeze>, Problem> {
        cx.programme(Access::Read)?;
        self.freezes(cx, None, list).await
    }

    /// Sets a window for all tenants and operators.
    ///
    /// # Errors
    /// `invalid_field`, `forbidden`.
    pub async fn programme_freeze_create(
        &self,
        cx: &Cx,
        new: ChangeFreezeCreate,
    ) -> Result<ChangeFreeze, Problem> {
        cx.programme(Access::Write)?;
        self.freeze_add(cx, None, new).await
    }

    /// Takes a window of the programme's away.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn programme_freeze_remove(
        &self,
        cx: &Cx,
        id: Uuid,
    ) -> Result<ChangeFreeze, Problem> {
        cx.programme(Access::Write)?;
        self.freeze_end(cx, None, id).await
    }

    /// The windows that hold for a tenant and are not over: its own and the programme's.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn freeze_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<ChangeFreeze>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        self.freezes(cx, Some(tenant), list).await
    }

    /// Sets a window for the tenant.
    ///
    /// # Errors
    /// `invalid_field`, `forbidden`.
    pub async fn freeze_create(
        &self,
        cx: &Cx,
        new: ChangeFreezeCreate,
    ) -> Result<ChangeFreeze, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.freeze_add(cx, Some(tenant), new).await
    }

    /// Takes a window of the tenant's away.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn freeze_remove(&self, cx: &Cx, id: Uuid) -> Result<ChangeFreeze, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.freeze_end(cx, Some(tenant), id).await
    }
}

#[cfg(test)]
mod tests {
    use domain::freeze::{FREE, FROZEN};
    use std::{fs, path::Path};

    /// Every name that a use case is done under, as the sources have it.
    fn actions(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                actions(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source");
            for (at, _) in text.match_indices(".act(") {
                let named = text[at..].split('"').nth(1).unwrap_or_default();
                let is_name = named.contains('.')
                    && named.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b));
                if is_name {
                    found.push(named.to_owned());
                }
            }
        }
    }

    #[test]
    fn of_every_use_case_it_is_said_whether_a_window_refuses_it() {
        let mut found = Vec::new();
        actions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 60, "only {} use cases", found.len());
        for action in found {
            let of =
                |list: &[&str]| list.iter().filter(|begin| action.starts_with(**begin)).count();
            assert_eq!((of(FROZEN) > 0) as usize + (of(FREE) > 0) as usize, 1, "{action}");
        }
    }
}
