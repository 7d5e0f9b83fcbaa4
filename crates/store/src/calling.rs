//! People's calling settings, and what plays and records for a tenant.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{Json, args, row};
use domain::calling::{CallingSettings, VoiceTargets};
use domain::{TenantId, UserId};
use uuid::Uuid;

row! {
    /// How a person's calls are forwarded, and who acts for them.
    CallingSettingsRow {
        person_id: UserId,
        tenant_id: TenantId,
        settings: Json<CallingSettings>,
        version: i64,
    }
    /// The same with the person's name, for lists.
    CallingListRow {
        person_id: UserId,
        upn: String,
        display_name: String,
        settings: Json<CallingSettings>,
        version: i64,
    }
    /// What plays and records for a tenant.
    VoiceTargetsRow { tenant_id: TenantId, targets: Json<VoiceTargets>, version: i64 }
}

statements! {
    CALLING_GET = "SELECT person_id, tenant_id, settings, version FROM calling_settings \
        WHERE tenant_id = $1 AND person_id = $2";
    CALLING_LIST = "SELECT c.person_id, p.upn, p.display_name, c.settings, c.version \
        FROM calling_settings c JOIN person p ON p.id = c.person_id \
        WHERE c.tenant_id = $1 AND (CAST($2 AS UUID) IS NULL OR c.person_id > $2) \
        ORDER BY c.person_id LIMIT $3";
    CALLING_NAMING = "SELECT person_id, tenant_id, settings, version FROM calling_settings \
        WHERE tenant_id = $1 AND person_id <> $2 AND settings LIKE $3 ORDER BY person_id";
    CALLING_INSERT = "INSERT INTO calling_settings (person_id, tenant_id, settings, version) \
        VALUES ($1, $2, $3, 1) ON CONFLICT (person_id) DO NOTHING";
    CALLING_UPDATE = "UPDATE calling_settings SET settings = $4, version = version + 1 \
        WHERE person_id = $1 AND tenant_id = $2 AND version = $3";
    VOICE_TARGETS_GET = "SELECT tenant_id, targets, version FROM voice_targets WHERE tenant_id = $1";
    VOICE_TARGETS_INSERT = "INSERT INTO voice_targets (tenant_id, targets, version) \
        VALUES ($1, $2, 1) ON CONFLICT (tenant_id) DO NOTHING";
    VOICE_TARGETS_UPDATE = "UPDATE voice_targets SET targets = $3, version = version + 1 \
        WHERE tenant_id = $1 AND version = $2";
    VOICE_TARGETS_LOCK_PG =
        "SELECT version AS v FROM voice_targets WHERE tenant_id = $1 FOR UPDATE";
    WORLD_CALLING = "SELECT person_id, tenant_id, settings, version FROM calling_settings \
        ORDER BY person_id";
    WORLD_CALLING_OF = "SELECT person_id, tenant_id, settings, version FROM calling_settings \
        WHERE person_id = $1";
    WORLD_VOICE_TARGETS = "SELECT tenant_id, targets, version FROM voice_targets ORDER BY tenant_id";
}

impl Db {
    /// A person's settings; `None` where they never set any.
    pub async fn calling_settings_get(
        &mut self,
        tenant: TenantId,
        person: UserId,
    ) -> Result<Option<CallingSettingsRow>, StoreError> {
        self.one(CALLING_GET, args![tenant, person]).await
    }

    /// Settings of a tenant's people, after an id.
    pub async fn calling_settings_list(
        &mut self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<CallingListRow>, StoreError> {
        self.all(CALLING_LIST, args![tenant, after, limit]).await
    }

    /// Settings of others of the tenant in which somebody may be named: their id stands in them.
    pub async fn calling_settings_naming(
        &mut self,
        tenant: TenantId,
        person: UserId,
    ) -> Result<Vec<CallingSettingsRow>, StoreError> {
        self.all(CALLING_NAMING, args![tenant, person, format!("%{person}%")]).await
    }

    /// Sets a person's settings, where they have this version; version 0 is that of somebody who
    /// never had any. `false` where the version is another.
    pub async fn calling_settings_put(
        &mut self,
        (tenant, person): (TenantId, UserId),
        version: i64,
        settings: &Json<CallingSettings>,
    ) -> Result<bool, StoreError> {
        let touched = match version {
            0 => self.exec(CALLING_INSERT, args![person, tenant, *settings]).await?,
            _ => self.exec(CALLING_UPDATE, args![person, tenant, version, *settings]).await?,
        };
        Ok(touched > 0)
    }

    /// What plays and records for a tenant.
    pub async fn voice_targets_get(
        &mut self,
        tenant: TenantId,
    ) -> Result<Option<VoiceTargetsRow>, StoreError> {
        self.one(VOICE_TARGETS_GET, args![tenant]).await
    }

    /// Keeps others from changing it until this transaction ends.
    pub async fn voice_targets_lock(&mut self, tenant: TenantId) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<i64>(VOICE_TARGETS_LOCK_PG, args![tenant]).await?;
        }
        Ok(())
    }

    /// Sets it, where it has this version; `false` where the version is another.
    pub async fn voice_targets_put(
        &mut self,
        tenant: TenantId,
        version: i64,
        targets: &Json<VoiceTargets>,
    ) -> Result<bool, StoreError> {
        let touched = match version {
            0 => self.exec(VOICE_TARGETS_INSERT, args![tenant, *targets]).await?,
            _ => self.exec(VOICE_TARGETS_UPDATE, args![tenant, version, *targets]).await?,
        };
        Ok(touched > 0)
    }

    /// Everybody's settings.
    pub async fn world_calling(&mut self) -> Result<Vec<CallingSettingsRow>, StoreError> {
        self.all(WORLD_CALLING, args![]).await
    }

    /// One person's settings, whosever they are.
    pub async fn world_calling_of(
        &mut self,
        person: UserId,
    ) -> Result<Option<CallingSettingsRow>, StoreError> {
        self.one(WORLD_CALLING_OF, args![person]).await
    }

    /// What plays and records for every tenant.
    pub async fn world_voice_targets(&mut self) -> Result<Vec<VoiceTargetsRow>, StoreError> {
        self.all(WORLD_VOICE_TARGETS, args![]).await
    }
}
