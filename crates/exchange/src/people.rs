//! Use cases: people.

use crate::*;
use api_types::tenant::*;

impl Exchange {
    /// Adds a person.
    pub async fn user_create(&self, cx: &Cx, new: UserCreate) -> Result<User, Problem> {
        cx.tenant(crate::authz::Access::Read)?;
        let _ = new;
        Err(unbuilt())
    }

    /// The tenant's people.
    pub async fn user_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<User>, Problem> {
        cx.tenant(crate::authz::Access::Read)?;
        let _ = list;
        Err(unbuilt())
    }

    /// One person.
    pub async fn user_get(&self, cx: &Cx, id: Uuid) -> Result<User, Problem> {
        cx.tenant(crate::authz::Access::Read)?;
        let _ = id;
        Err(unbuilt())
    }

    /// Edits a person.
    pub async fn user_update(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
        edit: UserUpdate,
    ) -> Result<User, Problem> {
        cx.tenant(crate::authz::Access::Read)?;
        let _ = (id, if_match, edit);
        Err(unbuilt())
    }

    /// New phone credentials; the old ones stop working.
    pub async fn user_phone_create(&self, cx: &Cx, id: Uuid) -> Result<PhoneCredentials, Problem> {
        cx.tenant(crate::authz::Access::Read)?;
        let _ = id;
        Err(unbuilt())
    }

    /// Adds a call queue.
    pub async fn resource_account_create(
        &self,
        cx: &Cx,
        new: ResourceAccountCreate,
    ) -> Result<ResourceAccount, Problem> {
        cx.tenant(crate::authz::Access::Read)?;
        let _ = new;
        Err(unbuilt())
    }

    /// The tenant's resource accounts.
    pub async fn resource_account_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<ResourceAccount>, Problem> {
        cx.tenant(crate::authz::Access::Read)?;
        let _ = list;
        Err(unbuilt())
    }

    /// One resource account.
    pub async fn resource_account_get(
        &self,
        cx: &Cx,
        id: Uuid,
    ) -> Result<ResourceAccount, Problem> {
        cx.tenant(crate::authz::Access::Read)?;
        let _ = id;
        Err(unbuilt())
    }
}
