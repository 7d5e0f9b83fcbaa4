//! Conference bridges and their numbers.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{Json, args, row};
use domain::conference::Languages;
use domain::{BridgeId, OperatorId, PolicyId, TenantId, TrunkId};
use numbering::{Country, E164};

row! {
    /// A conference bridge.
    BridgeRow {
        id: BridgeId,
        tenant_id: TenantId,
        name: String,
        gateways: Json<Vec<TrunkId>>,
        version: i64,
    }
    /// A number of a bridge, with what the inventory says of it.
    BridgeNumberRow {
        number: E164,
        tenant_id: TenantId,
        bridge_id: BridgeId,
        bridge_name: String,
        languages: Json<Languages>,
        is_default: bool,
        operator_id: OperatorId,
        country: Country,
    }
}

macro_rules! bridge_select {
    ($tail:literal) => {
        concat!("SELECT id, tenant_id, name, gateways, version FROM conference_bridge ", $tail)
    };
}

macro_rules! bridge_number_select {
    ($tail:literal) => {
        concat!(
            "SELECT c.number, c.tenant_id, c.bridge_id, b.name AS bridge_name, c.languages, ",
            "c.is_default, n.operator_id, n.country FROM conference_bridge_number c ",
            "JOIN conference_bridge b ON b.id = c.bridge_id ",
            "JOIN number n ON n.number = c.number ",
            $tail
        )
    };
}

statements! {
    BRIDGE_INSERT = "INSERT INTO conference_bridge (id, tenant_id, name, gateways, version) \
        VALUES ($1, $2, $3, $4, $5)";
    BRIDGE_GET = bridge_select!("WHERE tenant_id = $1 AND id = $2");
    BRIDGE_LIST = bridge_select!(
        "WHERE tenant_id = $1 AND (CAST($2 AS UUID) IS NULL OR id > $2) ORDER BY id LIMIT $3");
    BRIDGE_NAMED = "SELECT id AS v FROM conference_bridge WHERE tenant_id = $1 AND name = $2";
    BRIDGE_COUNT = "SELECT COUNT(*) AS v FROM conference_bridge WHERE tenant_id = $1";
    BRIDGE_TOUCH = "UPDATE conference_bridge SET version = version + 1 \
        WHERE tenant_id = $1 AND id = $2";
    BRIDGE_UPDATE = "UPDATE conference_bridge SET name = $3, gateways = $4, \
        version = version + 1 WHERE id = $1 AND version = $2";
    BRIDGE_DELETE = "DELETE FROM conference_bridge WHERE tenant_id = $1 AND id = $2";
    BRIDGES_LOCK_PG =
        "SELECT id AS v FROM conference_bridge WHERE tenant_id = $1 ORDER BY id FOR UPDATE";
    BRIDGE_NUMBER_PUT = "INSERT INTO conference_bridge_number \
        (number, tenant_id, bridge_id, languages, is_default) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (number) DO UPDATE SET languages = excluded.languages, \
        is_default = excluded.is_default";
    BRIDGE_NUMBER_GET = bridge_number_select!("WHERE c.tenant_id = $1 AND c.number = $2");
    BRIDGE_NUMBER_LIST = bridge_number_select!(
        "WHERE c.tenant_id = $1 AND (CAST($2 AS UUID) IS NULL OR c.bridge_id = $2) \
         AND (CAST($3 AS TEXT) IS NULL OR n.country = $3) \
         AND (CAST($4 AS BIGINT) IS NULL OR c.number > $4) ORDER BY c.number LIMIT $5");
    BRIDGE_NUMBER_COUNT =
        "SELECT COUNT(*) AS v FROM conference_bridge_number WHERE bridge_id = $1";
    BRIDGE_NUMBER_DELETE =
        "DELETE FROM conference_bridge_number WHERE tenant_id = $1 AND number = $2";
    BRIDGE_DEFAULT_CLEAR = "UPDATE conference_bridge_number SET is_default = FALSE \
        WHERE bridge_id = $1 AND is_default";
    BRIDGE_DEFAULT_SET = "UPDATE conference_bridge_number SET is_default = TRUE \
        WHERE bridge_id = $1 AND number = $2";
    BRIDGE_DEFAULTS = "SELECT number AS v FROM conference_bridge_number \
        WHERE bridge_id = $1 AND is_default";
    NUMBER_TO_BRIDGE = "UPDATE number SET bridge_id = $3, modified_at = $4, \
        version = version + 1 WHERE number = $1 AND version = $2";
    NUMBER_TO_POLICY = "UPDATE number SET policy_id = $3, modified_at = $4, \
        version = version + 1 WHERE number = $1 AND version = $2";
    WORLD_BRIDGES = bridge_select!("ORDER BY id");
    WORLD_BRIDGE = bridge_select!("WHERE id = $1");
    WORLD_BRIDGE_NUMBERS = bridge_number_select!("ORDER BY c.bridge_id, c.number");
    WORLD_BRIDGE_NUMBER = bridge_number_select!("WHERE c.number = $1");
}

impl Db {
    /// Adds a bridge.
    pub async fn bridge_insert(&mut self, b: &BridgeRow) -> Result<(), StoreError> {
        let args = args![b.id, b.tenant_id, b.name, b.gateways, b.version];
        self.exec(BRIDGE_INSERT, args).await?;
        Ok(())
    }

    /// A bridge of a tenant.
    pub async fn bridge_get(
        &mut self,
        tenant: TenantId,
        id: BridgeId,
    ) -> Result<Option<BridgeRow>, StoreError> {
        self.one(BRIDGE_GET, args![tenant, id]).await
    }

    /// A tenant's bridges after one.
    pub async fn bridge_list(
        &mut self,
        tenant: TenantId,
        after: Option<uuid::Uuid>,
        limit: u32,
    ) -> Result<Vec<BridgeRow>, StoreError> {
        self.all(BRIDGE_LIST, args![tenant, after, limit]).await
    }

    /// The tenant's bridge of a name.
    pub async fn bridge_named(
        &mut self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<BridgeId>, StoreError> {
        self.value(BRIDGE_NAMED, args![tenant, name.to_owned()]).await
    }

    /// How many a tenant has.
    pub async fn bridge_count(&mut self, tenant: TenantId) -> Result<i64, StoreError> {
        Ok(self.value(BRIDGE_COUNT, args![tenant]).await?.unwrap_or(0))
    }

    /// Counts the version up because the bridge's numbers change, and keeps others from doing
    /// so until this transaction ends; `false` where the tenant has no such bridge.
    pub async fn bridge_touch(
        &mut self,
        tenant: TenantId,
        id: BridgeId,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(BRIDGE_TOUCH, args![tenant, id]).await? > 0)
    }

    /// Keeps others from changing the tenant's bridges until this transaction ends.
    pub async fn bridges_lock(&mut self, tenant: TenantId) -> Result<(), StoreError> {
        if self.is_pg() {
            self.values::<BridgeId>(BRIDGES_LOCK_PG, args![tenant]).await?;
        }
        Ok(())
    }

    /// Replaces name and gateways of this version; `false` where the version is another.
    pub async fn bridge_update(&mut self, b: &BridgeRow) -> Result<bool, StoreError> {
        Ok(self.exec(BRIDGE_UPDATE, args![b.id, b.version, b.name, b.gateways]).await? > 0)
    }

    /// Removes a bridge without numbers.
    pub async fn bridge_delete(
        &mut self,
        tenant: TenantId,
        id: BridgeId,
    ) -> Result<(), StoreError> {
        self.exec(BRIDGE_DELETE, args![tenant, id]).await?;
        Ok(())
    }

    /// Gives a number that is free to a bridge, or replaces what is kept of it.
    pub async fn bridge_number_put(
        &mut self,
        number: E164,
        tenant: TenantId,
        bridge: BridgeId,
        languages: &Languages,
        is_default: bool,
    ) -> Result<(), StoreError> {
        let args = args![number, tenant, bridge, Json(languages.clone()), is_default];
        self.exec(BRIDGE_NUMBER_PUT, args).await?;
        Ok(())
    }

    /// A number of a tenant's bridge.
    pub async fn bridge_number_get(
        &mut self,
        tenant: TenantId,
        number: E164,
    ) -> Result<Option<BridgeNumberRow>, StoreError> {
        self.one(BRIDGE_NUMBER_GET, args![tenant, number]).await
    }

    /// Numbers of a tenant's bridges after one: of one bridge or all, of one country or all.
    pub async fn bridge_number_list(
        &mut self,
        tenant: TenantId,
        bridge: Option<BridgeId>,
        country: Option<Country>,
        after: Option<E164>,
        limit: u32,
    ) -> Result<Vec<BridgeNumberRow>, StoreError> {
        self.all(BRIDGE_NUMBER_LIST, args![tenant, bridge, country, after, limit]).await
    }

    /// How many numbers a bridge has.
    pub async fn bridge_number_count(&mut self, bridge: BridgeId) -> Result<i64, StoreError> {
        Ok(self.value(BRIDGE_NUMBER_COUNT, args![bridge]).await?.unwrap_or(0))
    }

    /// Takes a number from its bridge.
    pub async fn bridge_number_delete(
        &mut self,
        tenant: TenantId,
        number: E164,
    ) -> Result<(), StoreError> {
        self.exec(BRIDGE_NUMBER_DELETE, args![tenant, number]).await?;
        Ok(())
    }

    /// Which number of a bridge is its default one.
    pub async fn bridge_default_get(
        &mut self,
        bridge: BridgeId,
    ) -> Result<Option<E164>, StoreError> {
        self.value(BRIDGE_DEFAULTS, args![bridge]).await
    }

    /// Makes a number of a bridge its default one, in place of the one that was.
    pub async fn bridge_default_set(
        &mut self,
        bridge: BridgeId,
        number: E164,
    ) -> Result<(), StoreError> {
        self.exec(BRIDGE_DEFAULT_CLEAR, args![bridge]).await?;
        self.exec(BRIDGE_DEFAULT_SET, args![bridge, number]).await?;
        Ok(())
    }

    /// Writes which bridge has a number of this version, if any; `false` where the version is
    /// another.
    pub async fn number_to_bridge(
        &mut self,
        number: E164,
        version: i64,
        bridge: Option<BridgeId>,
        at: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(NUMBER_TO_BRIDGE, args![number, version, bridge, at]).await? > 0)
    }

    /// Writes which policy has a number of this version for emergency calls, if any; `false`
    /// where the version is another.
    pub async fn number_to_policy(
        &mut self,
        number: E164,
        version: i64,
        policy: Option<PolicyId>,
        at: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(NUMBER_TO_POLICY, args![number, version, policy, at]).await? > 0)
    }

    /// Everybody's bridges.
    pub async fn world_bridges(&mut self) -> Result<Vec<BridgeRow>, StoreError> {
        self.all(WORLD_BRIDGES, args![]).await
    }

    /// A bridge, whoever's it is.
    pub async fn world_bridge(&mut self, id: BridgeId) -> Result<Option<BridgeRow>, StoreError> {
        self.one(WORLD_BRIDGE, args![id]).await
    }

    /// The numbers of everybody's bridges, by bridge.
    pub async fn world_bridge_numbers(&mut self) -> Result<Vec<BridgeNumberRow>, StoreError> {
        self.all(WORLD_BRIDGE_NUMBERS, args![]).await
    }

    /// A number of a bridge, whoever's it is.
    pub async fn world_bridge_number(
        &mut self,
        number: E164,
    ) -> Result<Option<BridgeNumberRow>, StoreError> {
        self.one(WORLD_BRIDGE_NUMBER, args![number]).await
    }
}
