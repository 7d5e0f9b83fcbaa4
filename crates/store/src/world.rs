//! What routing needs of the tables: read whole for an edge's snapshot, or one
//! by one for an explanation.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::operators::{OperatorRow, TenantRow, TrunkRow};
use crate::people::{AccountRow, AgentRow, PersonRow, account_select, person_select};
use crate::value::{args, row};
use domain::assign::OtherHolder;
use domain::line::AssignmentCategory;
use domain::number::Usage;
use domain::{
    BridgeId, CallingProfileId, LocationId, MoveId, OperatorId, PolicyId, ResourceAccountId,
    TenantId, TrunkId, UserId,
};
use numbering::{Country, E164};

row! {
    /// A number as routing sees it.
    WorldNumberRow {
        number: E164,
        tenant_id: TenantId,
        operator_id: OperatorId,
        profile_id: CallingProfileId,
        country: Country,
        usage: Usage,
        location_id: Option<LocationId>,
        person_id: Option<UserId>,
        category: AssignmentCategory,
        account_id: Option<ResourceAccountId>,
        bridge_id: Option<BridgeId>,
        policy_id: Option<PolicyId>,
        move_id: Option<MoveId>,
    }
    /// A calling profile as one looks for a way to the emergency services of a country.
    HelpProfileRow {
        id: CallingProfileId,
        operator_id: OperatorId,
        serves: bool,
        is_open: bool,
    }
    /// A trunk of a calling profile.
    WorldTrunkRow { id: TrunkId, operator_id: OperatorId, fqdn: String, enabled: bool }
}

impl WorldNumberRow {
    /// Who has it, where that is neither a person nor a resource account.
    pub const fn other_holder(&self) -> Option<OtherHolder> {
        match (self.bridge_id, self.policy_id) {
            (Some(_), _) => Some(OtherHolder::Bridge),
            (_, Some(_)) => Some(OtherHolder::Policy),
            (None, None) => None,
        }
    }

    /// Somebody or something has it.
    pub const fn is_assigned(&self) -> bool {
        self.person_id.is_some() || self.account_id.is_some() || self.other_holder().is_some()
    }
}

macro_rules! numbers {
    ($rest:literal) => {
        concat!(
            "SELECT number, tenant_id, operator_id, profile_id, country, usage, location_id, \
             person_id, category, account_id, bridge_id, policy_id, move_id FROM number ",
            $rest
        )
    };
}

statements! {
    WORLD_OPERATORS = "SELECT id, name, created_at, version FROM operator ORDER BY id";
    WORLD_TENANTS = "SELECT id, name, domain, created_at, fraud_limits, trusted_networks \
        FROM tenant ORDER BY id";
    WORLD_TRUNK = "SELECT id, operator_id, fqdn, address, sources, match_port, transport, \
        enabled, send_options, options_interval_seconds, failover_time_seconds, max_uri, \
        single_early_dialog, max_concurrent_calls, max_calls_per_second, version FROM trunk WHERE id = $1";
    WORLD_PROFILE_TRUNKS = "SELECT t.id, t.operator_id, t.fqdn, t.enabled \
        FROM calling_profile_trunk pt JOIN trunk t ON t.id = pt.trunk_id \
        WHERE pt.profile_id = $1 ORDER BY pt.ordinal";
    WORLD_PEOPLE = person_select!("ORDER BY p.id");
    WORLD_PERSON = person_select!("WHERE p.id = $1");
    WORLD_QUEUES = account_select!("WHERE a.kind = 'call_queue' ORDER BY a.id");
    WORLD_QUEUE = account_select!("WHERE a.kind = 'call_queue' AND a.id = $1");
    WORLD_AGENTS = "SELECT account_id, person_id FROM resource_account_agent \
        ORDER BY account_id, ordinal";
    WORLD_AGENTS_OF = "SELECT account_id, person_id FROM resource_account_agent \
        WHERE account_id = $1 ORDER BY ordinal";
    WORLD_NUMBERS = numbers!("WHERE number > $1 ORDER BY number LIMIT $2");
    WORLD_NUMBER = numbers!("WHERE number = $1");
    WORLD_NUMBER_OF_TENANT = numbers!(
        "WHERE tenant_id = $1 AND (CAST($2 AS TEXT) IS NULL OR country = $2) \
            AND category <> 'Private' \
         ORDER BY (carrier_id IS NULL), \
            (usage = 'ConferenceAssignment' OR bridge_id IS NOT NULL OR policy_id IS NOT NULL), \
            number LIMIT 1");
    WORLD_HELP_PROFILES = "SELECT p.id, p.operator_id, \
        EXISTS (SELECT 1 FROM number n WHERE n.profile_id = p.id AND n.country = $1) AS serves, \
        EXISTS (SELECT 1 FROM calling_profile_trunk pt JOIN trunk t ON t.id = pt.trunk_id \
            WHERE pt.profile_id = p.id AND t.enabled) AS is_open \
        FROM calling_profile p ORDER BY p.id";
}

impl Db {
    /// Every operator.
    pub async fn world_operators(&mut self) -> Result<Vec<OperatorRow>, StoreError> {
        self.all(WORLD_OPERATORS, args![]).await
    }

    /// Every tenant.
    pub async fn world_tenants(&mut self) -> Result<Vec<TenantRow>, StoreError> {
        self.all(WORLD_TENANTS, args![]).await
    }

    /// A trunk, whoever's it is.
    pub async fn world_trunk(&mut self, id: TrunkId) -> Result<Option<TrunkRow>, StoreError> {
        self.one(WORLD_TRUNK, args![id]).await
    }

    /// The trunks of a profile, in their order.
    pub async fn world_profile_trunks(
        &mut self,
        id: CallingProfileId,
    ) -> Result<Vec<WorldTrunkRow>, StoreError> {
        self.all(WORLD_PROFILE_TRUNKS, args![id]).await
    }

    /// Every person.
    pub async fn world_people(&mut self) -> Result<Vec<PersonRow>, StoreError> {
        self.all(WORLD_PEOPLE, args![]).await
    }

    /// A person, whoever's they are.
    pub async fn world_person(&mut self, id: UserId) -> Result<Option<PersonRow>, StoreError> {
        self.one(WORLD_PERSON, args![id]).await
    }

    /// Every call queue.
    pub async fn world_queues(&mut self) -> Result<Vec<AccountRow>, StoreError> {
        self.all(WORLD_QUEUES, args![]).await
    }

    /// A call queue, whoever's it is.
    pub async fn world_queue(
        &mut self,
        id: ResourceAccountId,
    ) -> Result<Option<AccountRow>, StoreError> {
        self.one(WORLD_QUEUE, args![id]).await
    }

    /// The agents of one queue, or of all: by queue, each in its order.
    pub async fn world_agents(
        &mut self,
        of: Option<ResourceAccountId>,
    ) -> Result<Vec<AgentRow>, StoreError> {
        match of {
            Some(account) => self.all(WORLD_AGENTS_OF, args![account]).await,
            None => self.all(WORLD_AGENTS, args![]).await,
        }
    }

    /// Numbers above one, rising: to be called again with the last until none come.
    pub async fn world_numbers(
        &mut self,
        after: Option<E164>,
        limit: u32,
    ) -> Result<Vec<WorldNumberRow>, StoreError> {
        let after = after.map_or(0, |n| n.value().cast_signed());
        self.all(WORLD_NUMBERS, args![after, limit]).await
    }

    /// A number, whoever's it is.
    pub async fn world_number(
        &mut self,
        number: E164,
    ) -> Result<Option<WorldNumberRow>, StoreError> {
        self.one(WORLD_NUMBER, args![number]).await
    }

    /// The tenant's lowest number in a country, or anywhere, that is nobody's private line.
    pub async fn world_number_of_tenant(
        &mut self,
        tenant: TenantId,
        country: Option<Country>,
    ) -> Result<Option<WorldNumberRow>, StoreError> {
        self.one(WORLD_NUMBER_OF_TENANT, args![tenant, country]).await
    }

    /// Every calling profile: does it carry numbers of the country, and has it a trunk
    /// in use?
    pub async fn world_help_profiles(
        &mut self,
        country: Country,
    ) -> Result<Vec<HelpProfileRow>, StoreError> {
        self.all(WORLD_HELP_PROFILES, args![country]).await
    }
}
