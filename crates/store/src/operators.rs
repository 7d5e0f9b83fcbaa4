//! Operators with their trunks, profiles, ranges and offers; tenants.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{OPERATORS, Pick, TENANTS};
use crate::value::{Json, args, row};
use domain::emergency::ProfileEmergency;
use domain::fraud::FraudLimits;
use domain::offer::{OfferContent, OfferState};
use domain::trusted::TrustedNetwork;
use domain::{CallingProfileId, OperatorId, TenantId, TrunkId};
use numbering::{Country, E164};
use uuid::Uuid;

row! {
    /// An operator.
    OperatorRow { id: OperatorId, name: String, created_at: i64, version: i64 }
    /// A trunk.
    TrunkRow {
        id: TrunkId,
        operator_id: OperatorId,
        fqdn: String,
        address: String,
        sources: Json<Vec<String>>,
        match_port: bool,
        transport: String,
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
    /// A calling profile, without its trunks.
    CallingProfileRow {
        id: CallingProfileId,
        operator_id: OperatorId,
        name: String,
        emergency: Option<Json<ProfileEmergency>>,
        version: i64,
    }
    /// A trunk's place in a profile.
    ProfileTrunkRow { profile_id: CallingProfileId, trunk_id: TrunkId, enabled: bool }
    /// A declared range.
    RangeRow { id: Uuid, operator_id: OperatorId, first_number: E164, last_number: E164 }
    /// An offer.
    OfferRow {
        operator_id: OperatorId,
        services: Json<Vec<String>>,
        countries: Json<Vec<Country>>,
        landing_page: String,
        published: bool,
        state: OfferState,
        details: Json<OfferContent>,
        terms_uri: Option<String>,
        terms_version: i64,
        published_at: Option<i64>,
        withdrawn_at: Option<i64>,
        version: i64,
    }
    /// What an operator prepares; without a body there is no draft now.
    OfferDraftRow {
        operator_id: OperatorId,
        body: Option<Json<OfferContent>>,
        edited_at: i64,
        version: i64,
    }
    /// A published offer as a tenant sees it.
    DirectoryRow {
        operator_id: OperatorId,
        name: String,
        services: Json<Vec<String>>,
        countries: Json<Vec<Country>>,
        landing_page: String,
        details: Json<OfferContent>,
        acquired: i64,
        consent_status: Option<String>,
    }
    /// A tenant.
    TenantRow {
        id: TenantId,
        name: String,
        domain: String,
        created_at: i64,
        fraud_limits: Option<Json<FraudLimits>>,
        trusted_networks: Option<Json<Vec<TrustedNetwork>>>,
    }
}

/// A list of operators up to its `WHERE`.
pub(crate) const OPERATOR_SELECT: &str = "SELECT id, name, created_at, version FROM operator";
/// A list of tenants up to its `WHERE`.
pub(crate) const TENANT_SELECT: &str =
    "SELECT id, name, domain, created_at, fraud_limits, trusted_networks FROM tenant";

statements! {
    OPERATOR_INSERT = "INSERT INTO operator (id, name, created_at, version) \
        VALUES ($1, $2, $3, $4)";
    OPERATOR_GET = "SELECT id, name, created_at, version FROM operator WHERE id = $1";
    OPERATOR_NAMED = "SELECT id, name, created_at, version FROM operator WHERE name = $1";
    TRUNK_INSERT = "INSERT INTO trunk (id, operator_id, fqdn, address, sources, match_port, \
        transport, enabled, send_options, options_interval_seconds, failover_time_seconds, \
        max_uri, single_early_dialog, max_concurrent_calls, max_calls_per_second, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    TRUNK_NAMED = "SELECT id AS v FROM trunk WHERE fqdn = $1";
    TRUNK_GET = "SELECT id, operator_id, fqdn, address, sources, match_port, transport, enabled, \
        send_options, options_interval_seconds, failover_time_seconds, max_uri, \
        single_early_dialog, max_concurrent_calls, max_calls_per_second, version \
        FROM trunk WHERE operator_id = $1 AND id = $2";
    TRUNK_LIST = "SELECT id, operator_id, fqdn, address, sources, match_port, transport, enabled, \
        send_options, options_interval_seconds, failover_time_seconds, max_uri, \
        single_early_dialog, max_concurrent_calls, max_calls_per_second, version \
        FROM trunk WHERE operator_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id > $3) \
        ORDER BY id LIMIT $4";
    TRUNK_ALL = "SELECT id, operator_id, fqdn, address, sources, match_port, transport, enabled, \
        send_options, options_interval_seconds, failover_time_seconds, max_uri, \
        single_early_dialog, max_concurrent_calls, max_calls_per_second, version \
        FROM trunk ORDER BY id";
    TRUNK_UPDATE = "UPDATE trunk SET enabled = $3, max_concurrent_calls = $4, \
        max_calls_per_second = $5, single_early_dialog = $6, version = version + 1 WHERE id = $1 AND version = $2";
    PROFILE_INSERT = "INSERT INTO calling_profile (id, operator_id, name, emergency, version) \
        VALUES ($1, $2, $3, $4, $5)";
    PROFILE_GET = "SELECT id, operator_id, name, emergency, version FROM calling_profile \
        WHERE operator_id = $1 AND id = $2";
    PROFILE_EMERGENCY = "UPDATE calling_profile SET emergency = $3, version = version + 1 \
        WHERE id = $1 AND version = $2";
    PROFILE_WORLD = "SELECT id, operator_id, name, emergency, version FROM calling_profile \
        WHERE id = $1";
    PROFILE_NAMED = "SELECT id AS v FROM calling_profile WHERE operator_id = $1 AND name = $2";
    PROFILE_TRUNK_INSERT = "INSERT INTO calling_profile_trunk \
        (profile_id, trunk_id, operator_id, ordinal) VALUES ($1, $2, $3, $4)";
    PROFILE_LIST = "SELECT id, operator_id, name, emergency, version FROM calling_profile \
        WHERE operator_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id > $3) ORDER BY id LIMIT $4";
    PROFILE_ALL = "SELECT id, operator_id, name, emergency, version FROM calling_profile \
        ORDER BY id";
    PROFILE_TRUNKS = "SELECT pt.profile_id, pt.trunk_id, t.enabled \
        FROM calling_profile_trunk pt JOIN trunk t ON t.id = pt.trunk_id \
        WHERE pt.operator_id = $1 ORDER BY pt.profile_id, pt.ordinal";
    PROFILE_TRUNKS_ALL = "SELECT pt.profile_id, pt.trunk_id, t.enabled \
        FROM calling_profile_trunk pt JOIN trunk t ON t.id = pt.trunk_id \
        ORDER BY pt.profile_id, pt.ordinal";
    RANGE_INSERT = "INSERT INTO number_range (id, operator_id, first_number, last_number) \
        VALUES ($1, $2, $3, $4)";
    RANGE_OVERLAPPING = "SELECT id, operator_id, first_number, last_number FROM number_range \
        WHERE first_number <= $2 AND last_number >= $1 ORDER BY first_number LIMIT 1";
    RANGE_LIST = "SELECT id, operator_id, first_number, last_number FROM number_range \
        WHERE operator_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id > $3) ORDER BY id LIMIT $4";
    RANGE_ALL = "SELECT id, operator_id, first_number, last_number FROM number_range \
        WHERE operator_id = $1 ORDER BY first_number";
    RANGES_LOCK_PG = "LOCK TABLE number_range IN SHARE ROW EXCLUSIVE MODE";
    OFFER_INSERT = "INSERT INTO offer \
        (operator_id, services, countries, landing_page, published, version, state, details, \
        terms_uri, terms_version, published_at, withdrawn_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    OFFER_UPDATE = "UPDATE offer SET services = $3, countries = $4, landing_page = $5, \
        published = $6, state = $7, details = $8, terms_uri = $9, terms_version = $10, \
        published_at = $11, withdrawn_at = $12, version = version + 1 \
        WHERE operator_id = $1 AND version = $2";
    OFFER_GET = "SELECT operator_id, services, countries, landing_page, published, state, details, \
        terms_uri, terms_version, published_at, withdrawn_at, version \
        FROM offer WHERE operator_id = $1";
    OFFER_DRAFT_GET = "SELECT operator_id, body, edited_at, version FROM offer_draft \
        WHERE operator_id = $1";
    OFFER_DRAFT_INSERT = "INSERT INTO offer_draft (operator_id, body, edited_at, version) \
        VALUES ($1, $2, $3, 1)";
    OFFER_DRAFT_UPDATE = "UPDATE offer_draft SET body = $3, edited_at = $4, \
        version = version + 1 WHERE operator_id = $1 AND version = $2";
    DIRECTORY_LIST = "SELECT o.id AS operator_id, o.name, f.services, f.countries, \
        f.landing_page, f.details, (SELECT COUNT(*) FROM number n \
            WHERE n.operator_id = o.id AND n.tenant_id = $1) AS acquired, \
        c.status AS consent_status \
        FROM operator o JOIN offer f ON f.operator_id = o.id \
        LEFT JOIN consent c ON c.operator_id = o.id AND c.tenant_id = $1 \
        WHERE f.published AND (CAST($2 AS TEXT) IS NULL OR o.name > $2) \
        AND (CAST($3 AS TEXT) IS NULL OR f.countries LIKE '%\"' || $3 || '\"%') \
        AND (CAST($4 AS TEXT) IS NULL OR f.services LIKE '%\"' || $4 || '\"%') \
        ORDER BY o.name LIMIT $5";
    TENANT_INSERT = "INSERT INTO tenant \
        (id, name, domain, created_at, fraud_limits, trusted_networks) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    TENANT_FRAUD_LIMITS = "UPDATE tenant SET fraud_limits = $2 WHERE id = $1";
    TENANT_TRUSTED_NETWORKS = "UPDATE tenant SET trusted_networks = $2 WHERE id = $1";
    TENANT_OF_DOMAIN = "SELECT id, name, domain, created_at, fraud_limits, trusted_networks \
        FROM tenant WHERE domain = $1";
    TENANT_GET = "SELECT id, name, domain, created_at, fraud_limits, trusted_networks \
        FROM tenant WHERE id = $1";
}

/// A keyset page by id: the id is bound twice, as the text that says whether
/// there is one and as itself.
fn after(id: Option<Uuid>) -> (Option<String>, Uuid) {
    (id.map(|id| id.to_string()), id.unwrap_or_default())
}

impl Db {
    /// Adds an operator.
    pub async fn operator_insert(&mut self, o: &OperatorRow) -> Result<(), StoreError> {
        self.exec(OPERATOR_INSERT, args![o.id, o.name, o.created_at, o.version]).await?;
        Ok(())
    }

    /// An operator.
    pub async fn operator_get(
        &mut self,
        id: OperatorId,
    ) -> Result<Option<OperatorRow>, StoreError> {
        self.one(OPERATOR_GET, args![id]).await
    }

    /// An operator by its brand.
    pub async fn operator_named(&mut self, name: &str) -> Result<Option<OperatorRow>, StoreError> {
        self.one(OPERATOR_NAMED, args![name.to_owned()]).await
    }

    /// A page of operators.
    pub async fn operator_page(
        &mut self,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<OperatorRow>, StoreError> {
        self.list_page(&OPERATORS, None, pick, limit).await
    }

    /// Adds a trunk.
    pub async fn trunk_insert(&mut self, t: &TrunkRow) -> Result<(), StoreError> {
        let args = args![
            t.id,
            t.operator_id,
            t.fqdn,
            t.address,
            t.sources,
            t.match_port,
            t.transport,
            t.enabled,
            t.send_options,
            t.options_interval_seconds,
            t.failover_time_seconds,
            t.max_uri,
            t.single_early_dialog,
            t.max_concurrent_calls,
            t.max_calls_per_second,
            t.version
        ];
        self.exec(TRUNK_INSERT, args).await?;
        Ok(())
    }

    /// Is there a trunk of this name?
    pub async fn trunk_named(&mut self, fqdn: &str) -> Result<Option<TrunkId>, StoreError> {
        self.value(TRUNK_NAMED, args![fqdn.to_owned()]).await
    }

    /// A trunk of an operator.
    pub async fn trunk_get(
        &mut self,
        operator: OperatorId,
        id: TrunkId,
    ) -> Result<Option<TrunkRow>, StoreError> {
        self.one(TRUNK_GET, args![operator, id]).await
    }

    /// An operator's trunks after an id.
    pub async fn trunk_list(
        &mut self,
        operator: OperatorId,
        id: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<TrunkRow>, StoreError> {
        let (some, id) = after(id);
        self.all(TRUNK_LIST, args![operator, some, id, limit]).await
    }

    /// Every trunk.
    pub async fn trunk_all(&mut self) -> Result<Vec<TrunkRow>, StoreError> {
        self.all(TRUNK_ALL, args![]).await
    }

    /// Writes what may change of a trunk; `false` where the version is another.
    pub async fn trunk_update(&mut self, t: &TrunkRow) -> Result<bool, StoreError> {
        let args = args![
            t.id,
            t.version,
            t.enabled,
            t.max_concurrent_calls,
            t.max_calls_per_second,
            t.single_early_dialog
        ];
        Ok(self.exec(TRUNK_UPDATE, args).await? > 0)
    }

    /// Adds a calling profile with its trunks, in their order.
    pub async fn profile_insert(
        &mut self,
        p: &CallingProfileRow,
        trunks: &[TrunkId],
    ) -> Result<(), StoreError> {
        let args = args![p.id, p.operator_id, p.name, p.emergency, p.version];
        self.exec(PROFILE_INSERT, args).await?;
        for (ordinal, trunk) in (0i64..).zip(trunks) {
            self.exec(PROFILE_TRUNK_INSERT, args![p.id, *trunk, p.operator_id, ordinal]).await?;
        }
        Ok(())
    }

    /// A profile of an operator.
    pub async fn profile_get(
        &mut self,
        operator: OperatorId,
        id: CallingProfileId,
    ) -> Result<Option<CallingProfileRow>, StoreError> {
        self.one(PROFILE_GET, args![operator, id]).await
    }

    /// A profile, whoever's it is.
    pub async fn world_profile(
        &mut self,
        id: CallingProfileId,
    ) -> Result<Option<CallingProfileRow>, StoreError> {
        self.one(PROFILE_WORLD, args![id]).await
    }

    /// Sets what a profile of this version says of emergency calls; `false` where the version is
    /// another.
    pub async fn profile_emergency(&mut self, p: &CallingProfileRow) -> Result<bool, StoreError> {
        Ok(self.exec(PROFILE_EMERGENCY, args![p.id, p.version, p.emergency]).await? > 0)
    }

    /// Is there a profile of this name at the operator?
    pub async fn profile_named(
        &mut self,
        operator: OperatorId,
        name: &str,
    ) -> Result<Option<CallingProfileId>, StoreError> {
        self.value(PROFILE_NAMED, args![operator, name.to_owned()]).await
    }

    /// An operator's profiles after an id.
    pub async fn profile_list(
        &mut self,
        operator: OperatorId,
        id: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<CallingProfileRow>, StoreError> {
        let (some, id) = after(id);
        self.all(PROFILE_LIST, args![operator, some, id, limit]).await
    }

    /// Every profile.
    pub async fn profile_all(&mut self) -> Result<Vec<CallingProfileRow>, StoreError> {
        self.all(PROFILE_ALL, args![]).await
    }

    /// The trunks of the profiles of one operator, or of all.
    pub async fn profile_trunks(
        &mut self,
        operator: Option<OperatorId>,
    ) -> Result<Vec<ProfileTrunkRow>, StoreError> {
        match operator {
            Some(operator) => self.all(PROFILE_TRUNKS, args![operator]).await,
            None => self.all(PROFILE_TRUNKS_ALL, args![]).await,
        }
    }

    /// Adds a range; the caller holds [`Db::ranges_lock`] and found no overlap.
    pub async fn range_insert(&mut self, r: &RangeRow) -> Result<(), StoreError> {
        self.exec(RANGE_INSERT, args![r.id, r.operator_id, r.first_number, r.last_number]).await?;
        Ok(())
    }

    /// Keeps others from declaring ranges until this transaction ends.
    pub async fn ranges_lock(&mut self) -> Result<(), StoreError> {
        if self.is_pg() {
            self.exec(RANGES_LOCK_PG, args![]).await?;
        }
        Ok(())
    }

    /// A range that shares a number with `first..=last`.
    pub async fn range_overlapping(
        &mut self,
        first: E164,
        last: E164,
    ) -> Result<Option<RangeRow>, StoreError> {
        self.one(RANGE_OVERLAPPING, args![first, last]).await
    }

    /// An operator's ranges after an id.
    pub async fn range_list(
        &mut self,
        operator: OperatorId,
        id: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<RangeRow>, StoreError> {
        let (some, id) = after(id);
        self.all(RANGE_LIST, args![operator, some, id, limit]).await
    }

    /// All of an operator's ranges, by their first number.
    pub async fn range_all(&mut self, operator: OperatorId) -> Result<Vec<RangeRow>, StoreError> {
        self.all(RANGE_ALL, args![operator]).await
    }

    /// Makes the first offer, or replaces the one of this version; `false`
    /// where the version is another.
    pub async fn offer_put(
        &mut self,
        o: &OfferRow,
        replaces: Option<i64>,
    ) -> Result<bool, StoreError> {
        let Some(version) = replaces else {
            let args = args![
                o.operator_id,
                o.services,
                o.countries,
                o.landing_page,
                o.published,
                o.version,
                o.state,
                o.details,
                o.terms_uri,
                o.terms_version,
                o.published_at,
                o.withdrawn_at
            ];
            return Ok(self.exec(OFFER_INSERT, args).await? > 0);
        };
        let args = args![
            o.operator_id,
            version,
            o.services,
            o.countries,
            o.landing_page,
            o.published,
            o.state,
            o.details,
            o.terms_uri,
            o.terms_version,
            o.published_at,
            o.withdrawn_at
        ];
        Ok(self.exec(OFFER_UPDATE, args).await? > 0)
    }

    /// What an operator prepares, or prepared once.
    pub async fn offer_draft_get(
        &mut self,
        operator: OperatorId,
    ) -> Result<Option<OfferDraftRow>, StoreError> {
        self.one(OFFER_DRAFT_GET, args![operator]).await
    }

    /// Makes the first draft, or replaces the one of this version; `false` where the version is
    /// another.
    pub async fn offer_draft_put(
        &mut self,
        draft: &OfferDraftRow,
        replaces: Option<i64>,
    ) -> Result<bool, StoreError> {
        let changed = match replaces {
            None => {
                let args = args![draft.operator_id, draft.body, draft.edited_at];
                self.exec(OFFER_DRAFT_INSERT, args).await?
            }
            Some(version) => {
                let args = args![draft.operator_id, version, draft.body, draft.edited_at];
                self.exec(OFFER_DRAFT_UPDATE, args).await?
            }
        };
        Ok(changed > 0)
    }

    /// An operator's offer.
    pub async fn offer_get(
        &mut self,
        operator: OperatorId,
    ) -> Result<Option<OfferRow>, StoreError> {
        self.one(OFFER_GET, args![operator]).await
    }

    /// Published offers after a name, as a tenant sees them.
    pub async fn directory_list(
        &mut self,
        tenant: TenantId,
        after: Option<String>,
        country: Option<Country>,
        service: Option<String>,
        limit: u32,
    ) -> Result<Vec<DirectoryRow>, StoreError> {
        self.all(DIRECTORY_LIST, args![tenant, after, country, service, limit]).await
    }

    /// Adds a tenant.
    pub async fn tenant_insert(&mut self, t: &TenantRow) -> Result<(), StoreError> {
        let args = args![t.id, t.name, t.domain, t.created_at, t.fraud_limits, t.trusted_networks];
        self.exec(TENANT_INSERT, args).await?;
        Ok(())
    }

    /// Sets what a tenant's people may call to costly destinations.
    pub async fn tenant_fraud_limits(&mut self, t: &TenantRow) -> Result<(), StoreError> {
        self.exec(TENANT_FRAUD_LIMITS, args![t.id, t.fraud_limits]).await?;
        Ok(())
    }

    /// Sets the networks from which a tenant's calls for help are carried unproven.
    pub async fn tenant_trusted_networks(&mut self, t: &TenantRow) -> Result<(), StoreError> {
        self.exec(TENANT_TRUSTED_NETWORKS, args![t.id, t.trusted_networks]).await?;
        Ok(())
    }

    /// A tenant by its SIP domain.
    pub async fn tenant_of_domain(
        &mut self,
        domain: &str,
    ) -> Result<Option<TenantRow>, StoreError> {
        self.one(TENANT_OF_DOMAIN, args![domain.to_owned()]).await
    }

    /// A tenant.
    pub async fn tenant_get(&mut self, id: TenantId) -> Result<Option<TenantRow>, StoreError> {
        self.one(TENANT_GET, args![id]).await
    }

    /// A page of tenants.
    pub async fn tenant_page(
        &mut self,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<TenantRow>, StoreError> {
        self.list_page(&TENANTS, None, pick, limit).await
    }
}
