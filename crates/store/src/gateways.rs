//! Tenants' gateways and the routes over them (Direct Routing).

use crate::StoreError;
use crate::db::{Db, statements};
use crate::operators::TrunkRow;
use crate::value::{Json, args, row};
use domain::policy::VoiceRoutingRules;
use domain::{CallingProfileId, OperatorId, PolicyId, TenantId, TrunkId};
use numbering::{Country, E164};
use uuid::Uuid;

row! {
    /// A gateway: a trunk of a tenant.
    GatewayRow {
        id: TrunkId,
        tenant_id: TenantId,
        fqdn: String,
        address: String,
        sources: Json<Vec<String>>,
        match_port: bool,
        transport: String,
        country: Country,
        voice_app: bool,
        enabled: bool,
        send_options: bool,
        options_interval_seconds: u32,
        failover_time_seconds: u32,
        max_uri: u32,
        single_early_dialog: bool,
        max_concurrent_calls: Option<u32>,
        max_calls_per_second: Option<u32>,
        version: i64,
    }
    /// From where a trunk or gateway may send.
    PeerAddressRow { address: String, sources: Json<Vec<String>>, match_port: bool }
    /// Operators that stand in for others with a tenant's calls outside.
    FallbackRow { tenant_id: TenantId, operators: Json<Vec<OperatorId>>, version: i64 }
    /// By which profile an operator stands in.
    FallbackWayRow { operator_id: OperatorId, profile_id: CallingProfileId, carries: bool }
    /// A number, for findings.
    FoundNumberRow { number: E164 }
    /// A country, for findings.
    FoundCountryRow { country: Country }
    /// A tenant's PSTN usages and routes.
    VoiceRoutingRow { tenant_id: TenantId, rules: Json<VoiceRoutingRules>, version: i64 }
}

impl GatewayRow {
    /// A trunk, made a tenant's.
    pub fn new(tenant: TenantId, country: Country, voice_app: bool, trunk: TrunkRow) -> Self {
        Self {
            id: trunk.id,
            tenant_id: tenant,
            fqdn: trunk.fqdn,
            address: trunk.address,
            sources: trunk.sources,
            match_port: trunk.match_port,
            transport: trunk.transport,
            country,
            voice_app,
            enabled: trunk.enabled,
            send_options: trunk.send_options,
            options_interval_seconds: trunk.options_interval_seconds,
            failover_time_seconds: trunk.failover_time_seconds,
            max_uri: trunk.max_uri,
            single_early_dialog: trunk.single_early_dialog,
            max_concurrent_calls: trunk.max_concurrent_calls,
            max_calls_per_second: trunk.max_calls_per_second,
            version: trunk.version,
        }
    }

    /// The trunk that it is.
    pub fn trunk(&self) -> TrunkRow {
        TrunkRow {
            id: self.id,
            operator_id: OperatorId::DIRECT_ROUTING,
            fqdn: self.fqdn.clone(),
            address: self.address.clone(),
            sources: self.sources.clone(),
            match_port: self.match_port,
            transport: self.transport.clone(),
            enabled: self.enabled,
            send_options: self.send_options,
            options_interval_seconds: self.options_interval_seconds,
            failover_time_seconds: self.failover_time_seconds,
            max_uri: self.max_uri,
            single_early_dialog: self.single_early_dialog,
            max_concurrent_calls: self.max_concurrent_calls,
            max_calls_per_second: self.max_calls_per_second,
            version: self.version,
        }
    }
}

/// Numbers of operators for which a voice routing policy holds that was put for them, their
/// person or a group of theirs: the narrower assignment counts.
macro_rules! captured {
    () => {
        "SELECT n.number FROM policy_assignment a JOIN number n ON n.number = a.number \
            WHERE a.policy_id = $1 AND n.tenant_id = $2 AND n.carrier_id IS NOT NULL \
         UNION SELECT n.number FROM policy_assignment a JOIN number n ON n.person_id = a.person_id \
            WHERE a.policy_id = $1 AND n.tenant_id = $2 AND n.carrier_id IS NOT NULL \
            AND NOT EXISTS (SELECT 1 FROM policy_assignment o WHERE o.number = n.number \
                AND o.kind = 'OnlineVoiceRoutingPolicy') \
         UNION SELECT n.number FROM policy_assignment a \
            JOIN user_group_member m ON m.group_id = a.group_id \
            JOIN number n ON n.person_id = m.person_id \
            WHERE a.policy_id = $1 AND n.tenant_id = $2 AND n.carrier_id IS NOT NULL \
            AND NOT EXISTS (SELECT 1 FROM policy_assignment o \
                WHERE (o.number = n.number OR o.person_id = n.person_id) \
                AND o.kind = 'OnlineVoiceRoutingPolicy')"
    };
}

/// Numbers of people for whom no voice routing policy was put but everybody's.
macro_rules! unassigned_voice {
    ($carrier:literal) => {
        concat!(
            "SELECT n.number FROM number n WHERE n.tenant_id = $1 AND n.carrier_id ",
            $carrier,
            " AND n.person_id IS NOT NULL \
              AND NOT EXISTS (SELECT 1 FROM policy_assignment a WHERE a.number = n.number \
                AND a.kind = 'OnlineVoiceRoutingPolicy') \
              AND NOT EXISTS (SELECT 1 FROM policy_assignment a WHERE a.person_id = n.person_id \
                AND a.kind = 'OnlineVoiceRoutingPolicy') \
              AND NOT EXISTS (SELECT 1 FROM user_group_member m \
                JOIN policy_assignment a ON a.group_id = m.group_id \
                WHERE m.person_id = n.person_id AND a.kind = 'OnlineVoiceRoutingPolicy')"
        )
    };
}

macro_rules! direct_in_ranges {
    () => {
        "SELECT n.number FROM number n WHERE n.tenant_id = $1 AND n.carrier_id IS NULL \
         AND EXISTS (SELECT 1 FROM number_range r \
            WHERE n.number BETWEEN r.first_number AND r.last_number)"
    };
}

macro_rules! counted {
    ($of:expr) => {
        concat!("SELECT COUNT(*) AS v FROM (", $of, ") AS found")
    };
}

macro_rules! first {
    ($of:expr, $limit:literal) => {
        concat!("SELECT number FROM (", $of, ") AS found ORDER BY number LIMIT ", $limit)
    };
}

macro_rules! gateway_select {
    ($tail:literal) => {
        concat!(
            "SELECT id, tenant_id, fqdn, address, sources, match_port, transport, country, ",
            "enabled, send_options, options_interval_seconds, failover_time_seconds, max_uri, ",
            "single_early_dialog, max_concurrent_calls, max_calls_per_second, version, ",
            "voice_app FROM gateway ",
            $tail
        )
    };
}

statements! {
    GATEWAY_INSERT = "INSERT INTO gateway (id, tenant_id, fqdn, address, sources, match_port, \
        transport, country, enabled, send_options, options_interval_seconds, \
        failover_time_seconds, max_uri, single_early_dialog, max_concurrent_calls, \
        max_calls_per_second, version, voice_app) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    GATEWAY_GET = gateway_select!("WHERE tenant_id = $1 AND id = $2");
    GATEWAY_LIST = gateway_select!(
        "WHERE tenant_id = $1 AND (CAST($2 AS UUID) IS NULL OR id > $2) ORDER BY id LIMIT $3");
    GATEWAY_UPDATE = "UPDATE gateway SET country = $3, enabled = $4, send_options = $5, \
        failover_time_seconds = $6, single_early_dialog = $7, max_concurrent_calls = $8, \
        max_calls_per_second = $9, version = version + 1 WHERE id = $1 AND version = $2";
    GATEWAY_DELETE = "DELETE FROM gateway WHERE tenant_id = $1 AND id = $2";
    GATEWAY_COUNT = "SELECT COUNT(*) AS v FROM gateway WHERE tenant_id = $1";
    GATEWAY_NAMED = "SELECT id AS v FROM gateway WHERE fqdn = $1";
    GATEWAYS_LOCK_PG = "LOCK TABLE gateway IN SHARE ROW EXCLUSIVE MODE";
    PEER_ADDRESSES = "SELECT address, sources, match_port FROM trunk \
        UNION ALL SELECT address, sources, match_port FROM gateway";
    GATEWAY_ADDRESSES = "SELECT address, sources, match_port FROM gateway";
    VOICE_ROUTING_GET = "SELECT tenant_id, rules, version FROM voice_routing WHERE tenant_id = $1";
    VOICE_ROUTING_INSERT = "INSERT INTO voice_routing (tenant_id, rules, version) \
        VALUES ($1, $2, 1) ON CONFLICT (tenant_id) DO NOTHING";
    VOICE_ROUTING_UPDATE = "UPDATE voice_routing SET rules = $3, version = version + 1 \
        WHERE tenant_id = $1 AND version = $2";
    VOICE_ROUTING_LOCK_PG = "SELECT version AS v FROM voice_routing WHERE tenant_id = $1 FOR UPDATE";
    GATEWAYS_HOLD_PG =
        "SELECT id AS v FROM gateway WHERE tenant_id = $1 ORDER BY id FOR UPDATE";
    FALLBACK_LOCK_PG =
        "SELECT version AS v FROM fallback_operators WHERE tenant_id = $1 FOR UPDATE";
    FALLBACK_GET = "SELECT tenant_id, operators, version FROM fallback_operators \
        WHERE tenant_id = $1";
    FALLBACK_INSERT = "INSERT INTO fallback_operators (tenant_id, operators, version) \
        VALUES ($1, $2, 1) ON CONFLICT (tenant_id) DO NOTHING";
    FALLBACK_UPDATE = "UPDATE fallback_operators SET operators = $3, version = version + 1 \
        WHERE tenant_id = $1 AND version = $2";
    WORLD_FALLBACK = "SELECT tenant_id, operators, version FROM fallback_operators \
        ORDER BY tenant_id";
    // Profiles that may carry a tenant's calls: those of operators with its active consent that did
    // not end the relationship; first those that carry numbers of the tenant.
    FALLBACK_WAYS = "SELECT p.operator_id, p.id AS profile_id, \
        EXISTS (SELECT 1 FROM number n WHERE n.tenant_id = $1 AND n.operator_id = p.operator_id \
            AND n.profile_id = p.id) AS carries \
        FROM calling_profile p JOIN consent c ON c.operator_id = p.operator_id \
        WHERE c.tenant_id = $1 AND c.status = 'Active' \
        AND c.relationship NOT IN ('ConsentDeclined', 'ContractTerminated') \
        AND EXISTS (SELECT 1 FROM calling_profile_trunk t WHERE t.profile_id = p.id) \
        ORDER BY p.operator_id, p.id";
    CAPTURED_COUNT = counted!(captured!());
    CAPTURED_FIRST = first!(captured!(), "$3");
    GLOBALLY_CAPTURED_COUNT = counted!(unassigned_voice!("IS NOT NULL"));
    GLOBALLY_CAPTURED_FIRST = first!(unassigned_voice!("IS NOT NULL"), "$2");
    DIRECT_UNROUTED_COUNT = counted!(unassigned_voice!("IS NULL"));
    DIRECT_UNROUTED_FIRST = first!(unassigned_voice!("IS NULL"), "$2");
    DIRECT_IN_RANGES_COUNT = counted!(direct_in_ranges!());
    DIRECT_IN_RANGES_FIRST = first!(direct_in_ranges!(), "$2");
    DIRECT_COUNTRIES = "SELECT DISTINCT country FROM number \
        WHERE tenant_id = $1 AND carrier_id IS NULL ORDER BY country";
    WORLD_GATEWAY = gateway_select!("WHERE id = $1");
    WORLD_GATEWAYS = gateway_select!("ORDER BY id");
    WORLD_VOICE_ROUTING = "SELECT tenant_id, rules, version FROM voice_routing ORDER BY tenant_id";
}

impl Db {
    /// Adds a gateway.
    pub async fn gateway_insert(&mut self, g: &GatewayRow) -> Result<(), StoreError> {
        let args = args![
            g.id,
            g.tenant_id,
            g.fqdn,
            g.address,
            g.sources,
            g.match_port,
            g.transport,
            g.country,
            g.enabled,
            g.send_options,
            g.options_interval_seconds,
            g.failover_time_seconds,
            g.max_uri,
            g.single_early_dialog,
            g.max_concurrent_calls,
            g.max_calls_per_second,
            g.version,
            g.voice_app
        ];
        self.exec(GATEWAY_INSERT, args).await?;
        Ok(())
    }

    /// A gateway of a tenant.
    pub async fn gateway_get(
        &mut self,
        tenant: TenantId,
        id: TrunkId,
    ) -> Result<Option<GatewayRow>, StoreError> {
        self.one(GATEWAY_GET, args![tenant, id]).await
    }

    /// A tenant's gateways after an id.
    pub async fn gateway_list(
        &mut self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<GatewayRow>, StoreError> {
        self.all(GATEWAY_LIST, args![tenant, after, limit]).await
    }

    /// Writes what may change of a gateway; `false` where the version is another.
    pub async fn gateway_update(&mut self, g: &GatewayRow) -> Result<bool, StoreError> {
        let args = args![
            g.id,
            g.version,
            g.country,
            g.enabled,
            g.send_options,
            g.failover_time_seconds,
            g.single_early_dialog,
            g.max_concurrent_calls,
            g.max_calls_per_second
        ];
        Ok(self.exec(GATEWAY_UPDATE, args).await? > 0)
    }

    /// Removes a gateway that no route names.
    pub async fn gateway_delete(
        &mut self,
        tenant: TenantId,
        id: TrunkId,
    ) -> Result<(), StoreError> {
        self.exec(GATEWAY_DELETE, args![tenant, id]).await?;
        Ok(())
    }

    /// How many gateways the tenant has.
    pub async fn gateway_count(&mut self, tenant: TenantId) -> Result<i64, StoreError> {
        Ok(self.value(GATEWAY_COUNT, args![tenant]).await?.unwrap_or(0))
    }

    /// Is there a gateway of this name?
    pub async fn gateway_named(&mut self, fqdn: &str) -> Result<Option<TrunkId>, StoreError> {
        self.value(GATEWAY_NAMED, args![fqdn.to_owned()]).await
    }

    /// Keeps others from adding gateways until this transaction ends.
    pub async fn gateways_lock(&mut self) -> Result<(), StoreError> {
        if self.is_pg() {
            self.exec(GATEWAYS_LOCK_PG, args![]).await?;
        }
        Ok(())
    }

    /// From where all trunks and gateways may send.
    pub async fn peer_addresses(&mut self) -> Result<Vec<PeerAddressRow>, StoreError> {
        self.all(PEER_ADDRESSES, args![]).await
    }

    /// From where all gateways may send.
    pub async fn gateway_addresses(&mut self) -> Result<Vec<PeerAddressRow>, StoreError> {
        self.all(GATEWAY_ADDRESSES, args![]).await
    }

    /// A tenant's PSTN usages and routes.
    pub async fn voice_routing_get(
        &mut self,
        tenant: TenantId,
    ) -> Result<Option<VoiceRoutingRow>, StoreError> {
        self.one(VOICE_ROUTING_GET, args![tenant]).await
    }

    /// Keeps others from changing them until this transaction ends.
    pub async fn voice_routing_lock(&mut self, tenant: TenantId) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<i64>(VOICE_ROUTING_LOCK_PG, args![tenant]).await?;
            // Where there is no routing yet, its gateways hold off whoever takes one away.
            self.exec(GATEWAYS_HOLD_PG, args![tenant]).await?;
        }
        Ok(())
    }

    /// Keeps others from changing who stands in, or telling edges of it, until this transaction
    /// ends.
    pub async fn fallback_lock(&mut self, tenant: TenantId) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<i64>(FALLBACK_LOCK_PG, args![tenant]).await?;
        }
        Ok(())
    }

    /// Sets them, where they have this version; version 0 is that of a tenant that never
    /// had any. `false` where the version is another.
    pub async fn voice_routing_put(
        &mut self,
        tenant: TenantId,
        version: i64,
        rules: &Json<VoiceRoutingRules>,
    ) -> Result<bool, StoreError> {
        let touched = match version {
            0 => self.exec(VOICE_ROUTING_INSERT, args![tenant, *rules]).await?,
            _ => self.exec(VOICE_ROUTING_UPDATE, args![tenant, version, *rules]).await?,
        };
        Ok(touched > 0)
    }

    /// Operators that stand in for others with a tenant's calls outside.
    pub async fn fallback_get(
        &mut self,
        tenant: TenantId,
    ) -> Result<Option<FallbackRow>, StoreError> {
        self.one(FALLBACK_GET, args![tenant]).await
    }

    /// Sets them, where they have this version; `false` where the version is another.
    pub async fn fallback_put(
        &mut self,
        tenant: TenantId,
        version: i64,
        operators: &Json<Vec<OperatorId>>,
    ) -> Result<bool, StoreError> {
        let touched = match version {
            0 => self.exec(FALLBACK_INSERT, args![tenant, *operators]).await?,
            _ => self.exec(FALLBACK_UPDATE, args![tenant, version, *operators]).await?,
        };
        Ok(touched > 0)
    }

    /// Profiles that may carry a tenant's calls, by operator.
    pub async fn fallback_ways(
        &mut self,
        tenant: TenantId,
    ) -> Result<Vec<FallbackWayRow>, StoreError> {
        self.all(FALLBACK_WAYS, args![tenant]).await
    }

    /// Every tenant's operators that stand in for others.
    pub async fn world_fallback(&mut self) -> Result<Vec<FallbackRow>, StoreError> {
        self.all(WORLD_FALLBACK, args![]).await
    }

    /// How many numbers of operators a voice routing policy captures that was put for them,
    /// their person or a group of theirs, and the first few.
    pub async fn voice_captured(
        &mut self,
        tenant: TenantId,
        policy: PolicyId,
        few: u32,
    ) -> Result<(i64, Vec<E164>), StoreError> {
        let count = self.value(CAPTURED_COUNT, args![policy, tenant]).await?.unwrap_or(0);
        let rows: Vec<FoundNumberRow> =
            self.all(CAPTURED_FIRST, args![policy, tenant, few]).await?;
        Ok((count, rows.into_iter().map(|row| row.number).collect()))
    }

    /// How many numbers everybody's voice routing policy captures, and the first few.
    pub async fn voice_captured_globally(
        &mut self,
        tenant: TenantId,
        few: u32,
    ) -> Result<(i64, Vec<E164>), StoreError> {
        self.found(GLOBALLY_CAPTURED_COUNT, GLOBALLY_CAPTURED_FIRST, tenant, few).await
    }

    /// How many Direct Routing numbers of people no voice routing policy was put for, and the
    /// first few.
    pub async fn direct_unrouted(
        &mut self,
        tenant: TenantId,
        few: u32,
    ) -> Result<(i64, Vec<E164>), StoreError> {
        self.found(DIRECT_UNROUTED_COUNT, DIRECT_UNROUTED_FIRST, tenant, few).await
    }

    /// How many Direct Routing numbers lie in ranges of operators, and the first few.
    pub async fn direct_in_ranges(
        &mut self,
        tenant: TenantId,
        few: u32,
    ) -> Result<(i64, Vec<E164>), StoreError> {
        self.found(DIRECT_IN_RANGES_COUNT, DIRECT_IN_RANGES_FIRST, tenant, few).await
    }

    async fn found(
        &mut self,
        count: &'static str,
        first: &'static str,
        tenant: TenantId,
        few: u32,
    ) -> Result<(i64, Vec<E164>), StoreError> {
        let count = self.value(count, args![tenant]).await?.unwrap_or(0);
        let rows: Vec<FoundNumberRow> = self.all(first, args![tenant, few]).await?;
        Ok((count, rows.into_iter().map(|row| row.number).collect()))
    }

    /// Countries in which the tenant has Direct Routing numbers.
    pub async fn direct_countries(&mut self, tenant: TenantId) -> Result<Vec<Country>, StoreError> {
        let rows: Vec<FoundCountryRow> = self.all(DIRECT_COUNTRIES, args![tenant]).await?;
        Ok(rows.into_iter().map(|row| row.country).collect())
    }

    /// A gateway, whoever's it is.
    pub async fn world_gateway(&mut self, id: TrunkId) -> Result<Option<GatewayRow>, StoreError> {
        self.one(WORLD_GATEWAY, args![id]).await
    }

    /// Every gateway.
    pub async fn world_gateways(&mut self) -> Result<Vec<GatewayRow>, StoreError> {
        self.all(WORLD_GATEWAYS, args![]).await
    }

    /// Every tenant's PSTN usages and routes.
    pub async fn world_voice_routing(&mut self) -> Result<Vec<VoiceRoutingRow>, StoreError> {
        self.all(WORLD_VOICE_ROUTING, args![]).await
    }
}
