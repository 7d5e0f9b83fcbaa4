//! A small tenant in which nothing is wrong, as the import would hand it over.

use jiff::civil::{Date, date};
use migrate::assess::{EmergencyTest, Settings};
use migrate::model::*;
use numbering::{Country, NumberKind};

pub struct House {
    pub inventory: Inventory,
    pub settings: Settings,
    pub day: Date,
}

pub const ALICE: &str = "alice@contoso.com";
pub const BOB: &str = "bob@contoso.com";
pub const CAROL: &str = "carol@contoso.com";
pub const ROOM: &str = "boardroom@contoso.com";
pub const LOBBY: &str = "lobby@contoso.com";
pub const MAIN: &str = "main@contoso.com";
pub const SALES: &str = "sales@contoso.com";
pub const SITE: &str = "London HQ";
pub const ALICE_NUMBER: &str = "+442079460001";
pub const BOB_NUMBER: &str = "+442079460101";
pub const CAROL_NUMBER: &str = "+442079460201";
pub const MAIN_NUMBER: &str = "+442079460301";
pub const ADDRESS: &str = "a0000000-0000-0000-0000-000000000001";
pub const PLACE: &str = "b0000000-0000-0000-0000-000000000001";

/// Monday 2 March 2026, 00:00 UTC.
pub const MONDAY: i64 = 1_772_409_600;

pub fn at(file: u32, row: u32) -> SourceRef {
    SourceRef { file: FileId(file), row, column: None }
}

pub fn given<T>(value: T) -> Cell<T> {
    Cell::given(value, at(0, 2))
}

pub fn text(value: &str) -> Cell<String> {
    given(value.to_owned())
}

pub fn empty<T>() -> Cell<T> {
    Cell::Empty { at: at(0, 2) }
}

pub fn lost<T>() -> Cell<T> {
    Cell::Lost { at: at(0, 2) }
}

pub fn line(text: &str) -> LineNumber {
    LineNumber::parse(text).expect("a line")
}

pub fn plan(name: &str, status: PlanStatus) -> PlanState {
    PlanState { id: String::new(), name: name.to_owned(), status }
}

pub fn licence(part: &str, plans: &[&str]) -> UserLicence {
    UserLicence {
        part_number: part.to_owned(),
        plans: given(plans.iter().map(|name| plan(name, PlanStatus::Success)).collect()),
        at: at(3, 2),
        ..UserLicence::default()
    }
}

pub fn sku(part: &str, plans: &[&str], enabled: u64, consumed: u64) -> Sku {
    Sku {
        part_number: part.to_owned(),
        status: given(SkuStatus::Enabled),
        enabled: given(enabled),
        consumed: given(consumed),
        plans: given(plans.iter().map(|name| plan(name, PlanStatus::Success)).collect()),
        at: at(4, 2),
        ..Sku::default()
    }
}

/// A person at the site with a licence for everything but a Calling Plan.
pub fn user(upn: &str, number: Option<&str>) -> User {
    User {
        upn: upn.to_owned(),
        object_id: text(&format!("id-{upn}")),
        sip_address: text(upn),
        account_type: given(AccountType::User),
        enabled: given(true),
        usage_location: text("GB"),
        department: text("Sales"),
        site: Some(SITE.to_owned()),
        line_uri: number.map_or_else(empty, text),
        line: number.map(line),
        enterprise_voice: given(number.is_some()),
        hosting_provider: text("sipfed.online.lync.com"),
        upgrade_mode: given(UpgradeMode::TeamsOnly),
        validation_errors: given(Vec::new()),
        policy_columns: vec![
            (PolicyKind::OnlineVoiceRoutingPolicy, empty()),
            (PolicyKind::TeamsComplianceRecordingPolicy, empty()),
            (PolicyKind::TeamsIPPhonePolicy, empty()),
        ],
        licences: vec![licence("SPE_E5", &["MCOEV", "TEAMS1", "MCOMEETADV"])],
        licences_known: true,
        at: at(0, 2),
        ..User::default()
    }
}

/// An assigned number with a place.
pub fn number(raw: &str, kind: NumberType, holder: &str, assignment: PstnAssignment) -> Number {
    let usage = match assignment {
        PstnAssignment::VoiceApplicationAssigned => "VoiceApplicationAssignment",
        _ => "UserAssignment",
    };
    Number {
        raw: raw.to_owned(),
        line: LineNumber::parse(raw).ok(),
        validity: Some(NumberValidity::Valid),
        kind: Some(NumberKind::Geographic),
        country: Country::parse("GB").ok(),
        number_type: given(kind),
        activation: given(ActivationState::Activated),
        target_id: text(&format!("id-{holder}")),
        target: Some(holder.to_owned()),
        assignment: given(assignment),
        category: given(AssignmentCategory::Primary),
        capabilities: given(vec![usage.to_owned()]),
        iso_country: text("GB"),
        location_id: text(PLACE),
        civic_address_id: text(ADDRESS),
        location_update: given(true),
        source: given(NumberSource::Online),
        blocked: given(BlockedState::NotBlocked),
        times: 1,
        at: at(1, 2),
        ..Number::default()
    }
}

fn resource(upn: &str, app: AppKind, stands_for: &str) -> ResourceAccount {
    ResourceAccount {
        upn: upn.to_owned(),
        object_id: text(&format!("id-{upn}")),
        app: given(app),
        associations: given(vec![stands_for.to_owned()]),
        licences: vec![licence("PHONESYSTEM_VIRTUALUSER", &["MCOEV_VIRTUALUSER"])],
        licences_known: true,
        at: at(2, 2),
        ..ResourceAccount::default()
    }
}

pub fn measurement(start: i64) -> Measurement {
    Measurement {
        site: Some(SITE.to_owned()),
        tool: Some(Tool::List),
        network: Some(NetworkType::Wired),
        start: Some(start),
        window_seconds: given(15.0),
        loss_percent: given(0.1),
        burst_loss_percent: given(2.0),
        jitter_ms: given(4.0),
        rtt_ms: given(30.0),
        reorder_percent: given(0.0),
        transport: given(Transport::Udp),
        proxied: given(false),
        dscp_sent: given(46),
        dscp_received: given(46),
        at: at(12, 2),
        ..Measurement::default()
    }
}

pub fn call(party: u32, start: i64, held: u32) -> CallRecord {
    CallRecord {
        start,
        held,
        talked: held,
        party,
        trunk: CallRecord::NONE,
        from: None,
        to: None,
        sip_code: 0,
        kind: CallKind::Outbound,
        system: CallSystem::Pstn,
        answered: Some(true),
        file: FileId(13),
        row: 2,
    }
}

const KINDS: [SourceKind; 20] = [
    SourceKind::OnlineUsers,
    SourceKind::NumberAssignments,
    SourceKind::ResourceAccounts,
    SourceKind::LicenceDetails,
    SourceKind::SubscribedSkus,
    SourceKind::CallQueues,
    SourceKind::AutoAttendants,
    SourceKind::CivicAddresses,
    SourceKind::LisLocations,
    SourceKind::LisSubnets,
    SourceKind::NetworkSites,
    SourceKind::NetworkSubnets,
    SourceKind::Measurements,
    SourceKind::PstnCalls,
    SourceKind::TrustedAddresses,
    SourceKind::VoiceRoutingPolicies,
    SourceKind::VoiceRoutes,
    SourceKind::Gateways,
    SourceKind::NumberTenantConfiguration,
    SourceKind::Tenant,
];

impl House {
    pub fn blameless() -> Self {
        let mut inventory = Inventory {
            files: KINDS
                .iter()
                .map(|kind| SourceFile {
                    name: format!("{}.csv", kind.word()),
                    sha256: "0".repeat(64),
                    kind: *kind,
                    columns: vec!["UserPrincipalName".into()],
                    rows: 1,
                    rejected: 0,
                    site: None,
                    country: None,
                })
                .collect(),
            ..Inventory::default()
        };
        inventory.tenant = migrate::model::Tenant {
            cloud: given(Cloud::Commercial),
            country: text("GB"),
            assignment_blocked_forever: given(false),
            assignment_blocked_days: given(0),
            assignment_email: given(false),
            unassignment_email: given(false),
            ..migrate::model::Tenant::default()
        };
        let mut carol = user(CAROL, Some(CAROL_NUMBER));
        carol.licences.push(licence("MCOPSTN_5", &["MCOPSTN5"]));
        let mut lobby = user(LOBBY, Some("+442079460002"));
        lobby.licences = vec![licence("MCOCAP", &["MCOEV", "TEAMS1"])];
        lobby.policies = vec![PolicyGrant {
            kind: PolicyKind::TeamsIPPhonePolicy,
            name: "CommonArea".into(),
            level: PolicyLevel::User { user: LOBBY.into() },
            at: at(0, 6),
        }];
        let mut room = user(ROOM, Some("+442079460003"));
        room.licences = vec![licence("Microsoft_Teams_Rooms_Pro", &["MCOEV", "TEAMS1"])];
        inventory.users =
            vec![user(ALICE, Some(ALICE_NUMBER)), user(BOB, Some(BOB_NUMBER)), carol, room, lobby];
        inventory.rooms = [(ROOM, RoomKind::MeetingRoom), (LOBBY, RoomKind::CommonArea)]
            .map(|(subject, kind)| Room {
                subject: subject.into(),
                kind: Some(kind),
                ..Room::default()
            })
            .into();
        let mut main = resource(MAIN, AppKind::AutoAttendant, "attendant-1");
        main.phone_number = text(MAIN_NUMBER);
        main.line = Some(line(MAIN_NUMBER));
        inventory.resource_accounts = vec![main, resource(SALES, AppKind::CallQueue, "queue-1")];
        let person = PstnAssignment::UserAssigned;
        let of_operator = NumberType::OperatorConnect;
        inventory.numbers = vec![
            number(ALICE_NUMBER, of_operator, ALICE, person),
            number("+442079460002", of_operator, LOBBY, person),
            number("+442079460003", of_operator, ROOM, person),
            number(BOB_NUMBER, NumberType::DirectRouting, BOB, person),
            number(CAROL_NUMBER, NumberType::CallingPlan, CAROL, person),
            number(MAIN_NUMBER, of_operator, MAIN, PstnAssignment::VoiceApplicationAssigned),
        ];
        inventory.queues = vec![Queue {
            id: text("queue-1"),
            name: "Sales".into(),
            agents: given(vec![QueueMember { id: format!("id-{ALICE}"), opted_in: Some(true) }]),
            resource_accounts: given(vec![format!("id-{SALES}")]),
            at: at(5, 1),
            ..Queue::default()
        }];
        inventory.attendants = vec![Attendant {
            id: text("attendant-1"),
            name: "Main".into(),
            targets: given(vec![QueueTarget {
                when: "menu".into(),
                id: format!("id-{SALES}"),
                kind: TargetKind::ApplicationEndpoint,
            }]),
            resource_accounts: given(vec![format!("id-{MAIN}")]),
            at: at(6, 1),
            ..Attendant::default()
        }];
        inventory.skus = vec![
            sku("SPE_E5", &["MCOEV", "TEAMS1", "MCOMEETADV"], 10, 3),
            sku("MCOPSTN_5", &["MCOPSTN5"], 5, 1),
            sku("PHONESYSTEM_VIRTUALUSER", &["MCOEV_VIRTUALUSER"], 2, 2),
        ];
        places(&mut inventory);
        inventory.voice_routing_policies = vec![VoiceRoutingPolicy {
            name: "Global".into(),
            usages: given(Vec::new()),
            at: at(15, 2),
        }];
        inventory.measurements = (0..5)
            .flat_map(|day| {
                (0..240).map(move |n| measurement(MONDAY + day * 86_400 + 36_000 + n * 15))
            })
            .collect();
        inventory.calls = CallLog {
            records: (0..5).map(|day| call(0, MONDAY + day * 86_400 + 36_000, 1_800)).collect(),
            parties: vec![ALICE.into(), BOB.into()],
            trunks: Vec::new(),
        };
        Self { inventory, settings: settings(), day: date(2026, 3, 9) }
    }

    pub fn user(&mut self, upn: &str) -> &mut User {
        self.inventory.users.iter_mut().find(|user| user.upn == upn).expect("a user of the tenant")
    }

    pub fn number(&mut self, raw: &str) -> &mut Number {
        self.inventory.numbers.iter_mut().find(|n| n.raw == raw).expect("a number of the tenant")
    }

    pub fn account(&mut self, upn: &str) -> &mut ResourceAccount {
        let mut accounts = self.inventory.resource_accounts.iter_mut();
        accounts.find(|account| account.upn == upn).expect("a resource account of the tenant")
    }

    pub fn site(&mut self) -> &mut Site {
        &mut self.inventory.sites[0]
    }

    /// Takes away that a kind of export was imported.
    pub fn without(&mut self, kind: SourceKind) {
        for file in self.inventory.files.iter_mut().filter(|file| file.kind == kind) {
            file.kind = SourceKind::Other;
        }
    }

    /// Changes every measurement.
    pub fn measured(&mut self, change: impl Fn(usize, &mut Measurement)) {
        for (at, measurement) in self.inventory.measurements.iter_mut().enumerate() {
            change(at, measurement);
        }
    }
}

fn places(inventory: &mut Inventory) {
    inventory.addresses = vec![Address {
        id: ADDRESS.into(),
        house_number: text("1"),
        street: text("Station Road"),
        city: text("London"),
        country: text("GB"),
        validation: given(AddressState::Validated),
        at: at(7, 2),
        ..Address::default()
    }];
    inventory.locations = vec![LisLocation {
        id: PLACE.into(),
        civic_address_id: text(ADDRESS),
        place: text("Floor 1"),
        at: at(8, 2),
    }];
    inventory.sites = vec![Site {
        name: SITE.into(),
        city: text("London"),
        country: text("GB"),
        wan_up_kbps: given(10_000.0),
        wan_down_kbps: given(10_000.0),
        queue_up_kbps: given(3_000.0),
        queue_down_kbps: given(3_000.0),
        media_bypass: given(false),
        qos: given(true),
        emergency_calling_policy: text("London"),
        declared: true,
        at: at(10, 2),
        ..Site::default()
    }];
    inventory.site_subnets = vec![SiteSubnet {
        subnet: "10.1.0.0".into(),
        address: "10.1.0.0".parse().ok(),
        bits: given(24),
        site: text(SITE),
        at: at(11, 2),
        ..SiteSubnet::default()
    }];
    inventory.lis_subnets = vec![LisSubnet {
        subnet: "10.1.0.0".into(),
        address: "10.1.0.0".parse().ok(),
        location_id: text(PLACE),
        at: at(9, 2),
        ..LisSubnet::default()
    }];
    inventory.trusted_addresses = vec![TrustedAddress {
        address_text: "198.51.100.7".into(),
        address: "198.51.100.7".parse().ok(),
        bits: given(32),
        description: text("Egress of London HQ"),
        at: at(14, 2),
        ..TrustedAddress::default()
    }];
}

fn settings() -> Settings {
    let models = ["DirectRouting", "CallingPlan", "OperatorConnect"];
    Settings {
        support_owners: models.map(|model| (model.to_owned(), "voice team".to_owned())).into(),
        emergency_tests: models
            .map(|model| EmergencyTest {
                site: SITE.into(),
                model: model.into(),
                day: date(2026, 3, 1),
                by: "alice".into(),
            })
            .into(),
        covered_countries: Some(vec![Country::parse("GB").expect("a country")]),
        ..Settings::default()
    }
}
