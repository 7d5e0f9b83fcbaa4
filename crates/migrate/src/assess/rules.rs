//! The catalogue of rules: what each code means, where it comes from, what to do.
//!
//! `docs/rules/` is written from this table (a test compares them), so that a code in a verdict can
//! always be looked up.

use std::fmt::Write as _;

use crate::model::{Area, Severity};

/// What it takes to put a finding right.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// A command or a click.
    Minutes,
    /// Somebody has to decide, order or test.
    Days,
    /// Other companies or hardware are in it.
    Weeks,
}

impl Effort {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Days => "days",
            Self::Weeks => "weeks",
        }
    }
}

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Document and section.
    pub text: &'static str,
    /// Its day or month.
    pub date: &'static str,
}

const PLANS: Source = Source {
    text: "Microsoft, product names and service plan identifiers; migration.md sections 2.1 and 2.3",
    date: "8 August 2026",
};
const ACCOUNTS: Source = Source {
    text: "Microsoft, Get-CsOnlineUser; migration.md section 1.2",
    date: "21 August 2026",
};
const NUMBERS: Source = Source {
    text: "Microsoft, Get-CsPhoneNumberAssignment; migration.md section 1.3",
    date: "21 August 2026",
};
const FACTS: Source = Source {
    text: "Microsoft Teams PowerShell reference; migration.md sections 0 and 5",
    date: "21 August 2026",
};
const LIS: Source = Source {
    text: "Microsoft, dynamic emergency calling and the LIS cmdlets; migration.md section 1.5",
    date: "21 August 2026",
};
const NETWORK: Source = Source {
    text: "Microsoft, prepare your network, and the QER guide; migration.md section 3",
    date: "July 2026",
};
const ROUTING: Source = Source {
    text: "Microsoft, Direct Routing cmdlets; migration.md section 1.6",
    date: "21 August 2026",
};
const HYBRID: Source = Source {
    text: "Pure IP, migration guide; migration.md section 5.2 (Hybrid)",
    date: "29 January 2026",
};
const VOICE_APPS: Source = Source {
    text: "Microsoft, call queues, attendants and calling settings; migration.md section 1.4",
    date: "21 August 2026",
};
const NUMBERING: Source = Source {
    text: "libphonenumber's metadata, ITU-T E.164; migration.md section 4.8",
    date: "2026",
};
const PBX: Source = Source { text: "migration.md sections 1.9 and 5.2 (D)", date: "August 2026" };

macro_rules! rules {
    ($($rule:ident $code:literal $area:ident $severity:ident $effort:ident $source:ident
        $when:literal $fix:literal)+) => {
        /// Every rule, by its stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $when] $rule,)+
        }

        impl Rule {
            /// Every rule, in the order of the documents.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)+];

            /// Its stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$rule => $code,)+ }
            }

            /// What it is about.
            pub const fn area(self) -> Area {
                match self { $(Self::$rule => Area::$area,)+ }
            }

            /// How bad, unless the project weighs it otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$severity,)+ }
            }

            /// What putting it right takes.
            pub const fn effort(self) -> Effort {
                match self { $(Self::$rule => Effort::$effort,)+ }
            }

            /// Where it comes from.
            pub const fn source(self) -> Source {
                match self { $(Self::$rule => $source,)+ }
            }

            /// When it speaks.
            pub const fn when(self) -> &'static str {
                match self { $(Self::$rule => $when,)+ }
            }

            /// What to do.
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$rule => $fix,)+ }
            }

            /// The rule with this code.
            pub fn find(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$rule),)+ _ => None }
            }
        }
    };
}

rules! {
    LicencePhoneMissing "licence_phone_missing" Licences Block Days PLANS
        "Somebody with a number, or about to get one, has no service plan of Teams Phone (MCOEV, MCOEVSMB, MCOEV_GOV)."
        "Assign Teams Phone, then look again: assignment can take 24 hours."
    LicencePhoneDisabled "licence_phone_disabled" Licences Block Minutes PLANS
        "The product is assigned, but its plan of Teams Phone is switched off inside the assignment."
        "Switch the plan on in the licence assignment."
    LicencePhoneError "licence_phone_error" Licences Block Days PLANS
        "The plan of Teams Phone failed to be provisioned."
        "Remove the licence and assign it again; if it fails again, open a ticket with Microsoft."
    LicencePhonePending "licence_phone_pending" Licences Warn Minutes PLANS
        "The plan of Teams Phone waits to be provisioned."
        "Wait up to 24 hours, then export again."
    LicenceTeamsMissing "licence_teams_missing" Licences Block Days PLANS
        "Somebody who is to have a number has no active plan of Teams itself (TEAMS1, TEAMS_GOV); bundles without Teams have Teams Phone all the same."
        "Assign a product with Teams, or switch its plan on."
    LicenceResourceAccountMissing "licence_resource_account_missing" Licences Block Minutes PLANS
        "A resource account, with or without a number, has no active plan MCOEV_VIRTUALUSER."
        "Assign Teams Phone Resource Account (no cost within the allotment)."
    LicenceResourceAccountUserPlan "licence_resource_account_user_plan" Licences Block Minutes PLANS
        "A resource account holds Teams Phone for people instead of the resource account's licence."
        "In one and the same licence change, remove Teams Phone and add Teams Phone Resource Account: in two changes the account may break and need to be made again."
    LicenceResourceAccountSeats "licence_resource_account_seats" Licences Warn Days PLANS
        "There are more resource accounts than seats for them. 25 and one for each 10 seats with Teams Phone come at no cost, but must be ordered."
        "Order the seats at no cost up to the allotment; buy what is above it."
    LicenceRoomWithoutPhone "licence_room_without_phone" Licences Block Days PLANS
        "A meeting room has a number and no plan of Teams Phone: Teams Rooms Basic has none."
        "Assign Teams Rooms Pro, or take the number away."
    LicenceSharedDeviceMissing "licence_shared_device_missing" Licences Block Days PLANS
        "A common-area phone has no active plan of Teams Phone, which Teams Shared Devices contains."
        "Assign Teams Shared Devices."
    LicenceSeatsShort "licence_seats_short" Licences Block Days PLANS
        "Fewer seats with Teams Phone are free than accounts need one: people's, rooms' and common-area phones' seats each for themselves. Who needs none may move."
        "Buy the seats before the first wave."
    LicenceGrace "licence_grace" Licences Warn Days PLANS
        "A licence works only for a time: in grace, in warning or suspended."
        "Renew it before the day shown."
    LicenceCallingPlanAfterPort "licence_calling_plan_after_port" Licences Info Minutes PLANS
        "Somebody on a Calling Plan is to move. Removing the plan before the number is ported and unassigned strands the number."
        "Drop the Calling Plan after the port completed and the number is unassigned, never before; in a bundle switch the plan off or change the product."
    LicenceCallingPlanGone "licence_calling_plan_gone" Licences Warn Minutes PLANS
        "A Calling Plan number is assigned to somebody without an active Calling Plan: it is stranded."
        "Assign the Calling Plan again until the port completed and the number is unassigned."
    LicenceIneligible "licence_ineligible" Licences Block Minutes ACCOUNTS
        "An account without any valid Teams licence (IneligibleUser) holds a number, which is stuck until it is licensed again."
        "License the account, unassign the number, then remove the licence."
    LicenceConferencing "licence_conferencing" Licences Warn Days PLANS
        "Somebody hosts dial-in or dial-out conferences and has no Audio Conferencing."
        "Assign Audio Conferencing, or agree on Operator Connect Conferencing."
    AccountNotTeamsOnly "account_not_teams_only" Hybrid Block Days ACCOUNTS
        "Operator Connect needs the mode TeamsOnly."
        "Grant the upgrade policy UpgradeToTeams."
    AccountUsageLocation "account_usage_location" Licences Block Minutes ACCOUNTS
        "No usage location: licences cannot be assigned, emergency calls have no default."
        "Set the usage location of the account."
    AccountVoiceOff "account_voice_off" Numbers Warn Minutes FACTS
        "Licence and number are there, enterprise voice is off: calls come in and none go out."
        "Set-CsPhoneNumberAssignment -EnterpriseVoiceEnabled $true; assigning an Operator Connect number does so too."
    AccountWithoutNumber "account_without_number" Numbers Warn Days FACTS
        "Enterprise voice is on and there is no number: under Operator Connect such a user cannot call out."
        "Give the user a number, or Shared Calling."
    AccountDisabled "account_disabled" Inventory Warn Minutes ACCOUNTS
        "An account that may not sign in holds a number."
        "Unassign the number or enable the account."
    AccountSoftDeleted "account_soft_deleted" Numbers Block Days ACCOUNTS
        "A deleted account still holds its number."
        "Restore the account and unassign the number, or wait until it is gone (30 days)."
    AccountValidationErrors "account_validation_errors" Hybrid Block Days ACCOUNTS
        "The directory reports errors of synchronisation, such as a line twice."
        "Put it right in the local directory and let it synchronise."
    AccountSipDiffers "account_sip_differs" Inventory Info Minutes FACTS
        "SIP address and user principal name differ: batches by user principal name fail."
        "Use object ids in every batch."
    NumberImpossible "number_impossible" Numbers Block Days NUMBERING
        "No telephone number can look like this."
        "Find the right number and export again."
    NumberUnknownRange "number_unknown_range" Numbers Warn Days NUMBERING
        "Possible by its length, but in no range the metadata knows."
        "Ask the carrier whether it is in service; new ranges come before new metadata."
    NumberCountry "number_country" Numbers Warn Minutes NUMBERING
        "The export and the number's own code tell different countries."
        "Ask the carrier which is right before ordering a port."
    NumberDuplicate "number_duplicate" Numbers Block Days NUMBERS
        "One number is held by two accounts, or listed twice."
        "Decide whose it is and unassign the other."
    NumberOrphan "number_orphan" Numbers Block Days NUMBERS
        "The number is assigned to an account that is in no export: deleted, or never exported."
        "Export deleted accounts too; restore the account, unassign the number."
    NumberOwnerDiffers "number_owner_differs" Numbers Warn Minutes NUMBERS
        "The list of numbers and the list of users tell different owners."
        "Export both again on the same day; what still differs needs a look."
    NumberNotListed "number_not_listed" Numbers Warn Minutes NUMBERS
        "A user's number is not in the list of numbers."
        "Export the numbers again with paging; a number that is still missing is set in the local directory."
    NumberExtension "number_extension" Numbers Block Days FACTS
        "Numbers with ;ext= exist only as Direct Routing."
        "Give a number of its own, Shared Calling, or an attendant with extension dialling."
    NumberBlocked "number_blocked" Numbers Block Minutes NUMBERS
        "The number may not be assigned again, for ever or until a day."
        "Remove-CsPhoneNumberAssignmentBlock for this number."
    NumberNotActivated "number_not_activated" Numbers Block Days NUMBERS
        "Activation or a change of the number failed or is still going on."
        "Wait for what is pending; let the operator upload again what failed."
    NumberCapability "number_capability" Numbers Block Days NUMBERS
        "The number lacks the usage its holder needs: people need UserAssignment, queues and attendants VoiceApplicationAssignment."
        "Let the operator change the usage (New-CsPhoneNumberUsageChangeOrder for Microsoft's numbers)."
    NumberPortIn "number_port_in" Numbers Warn Days NUMBERS
        "A port of this number is under way."
        "Plan nothing for it before the port has completed."
    NumberNotBilled "number_not_billed" Numbers Warn Days NUMBERING
        "The number is in use and on no carrier's list."
        "Ask the carriers whose it is: it cannot be ported from nobody."
    NumberBilledUnused "number_billed_unused" Numbers Info Days NUMBERING
        "A carrier charges for the number and nothing uses it."
        "Retire it, or keep it as a reserve on purpose."
    TenantBlocksNumbers "tenant_blocks_numbers" Tenant Block Minutes FACTS
        "The tenant blocks every number that is unassigned: a cutover would strand them all."
        "Set-CsPhoneNumberTenantConfiguration: switch the block off for the time of the move."
    TenantMailsUsers "tenant_mails_users" Tenant Info Minutes FACTS
        "The tenant mails users whenever a number is assigned or unassigned."
        "Use the mails or switch them off for the time of the move, on purpose."
    TenantCloud "tenant_cloud" Tenant Block Weeks FACTS
        "The cloud of the tenant decides what there is: no Graph path outside the commercial cloud, and no Operator Connect in GCC High, DoD and China."
        "Stay on Direct Routing there, with scripts instead of Graph."
    PolicyGlobalRoutes "policy_global_routes" Policies Block Minutes FACTS
        "The Global voice routing policy has PSTN usages: it routes everybody's calls to Direct Routing, also after the move."
        "Empty the Global policy; grant a policy of its own to those who stay."
    PolicyGroupRoutes "policy_group_routes" Policies Block Minutes FACTS
        "A group grants a voice routing policy: clearing a member's own grant proves nothing."
        "Remove the group's grant, or take those who move out of the group."
    PolicyNumberRoutes "policy_number_routes" Policies Block Minutes FACTS
        "A voice routing policy is granted to the number itself and outlives the move."
        "Remove the number's grant (Set-CsPhoneNumberPolicyAssignment)."
    PolicyUserRoutes "policy_user_routes" Policies Block Minutes FACTS
        "Somebody who is not on Direct Routing has a voice routing policy of their own: their calls go to the trunks."
        "Grant-CsOnlineVoiceRoutingPolicy -PolicyName $null for this user."
    PolicyRoutesAtCutover "policy_routes_at_cutover" Policies Info Minutes FACTS
        "Users on Direct Routing hold this voice routing policy: it is cleared for each of them at the cutover."
        "Nothing now; the runbook clears it."
    PolicySiteRoutes "policy_site_routes" Policies Warn Minutes FACTS
        "A network site carries a voice routing policy or location-based routing."
        "Clear it before the site moves."
    PolicyEmergencyRouting "policy_emergency_routing" Policies Warn Minutes FACTS
        "Emergency call routing policies work for Direct Routing only: left behind they give false comfort."
        "Remove them from those who move; test an emergency call instead."
    PolicySharedCalling "policy_shared_calling" Policies Block Days VOICE_APPS
        "A Shared Calling policy points at a resource account without a number, or with one that is not of Operator Connect."
        "Give the resource account an Operator Connect number of an operator that supports Shared Calling."
    PolicyCommonAreaPhone "policy_common_area_phone" Policies Warn Minutes PLANS
        "A common-area phone has no IP-phone policy of its own."
        "Grant the common-area IP-phone policy."
    RouteWithoutTrunk "route_without_trunk" Policies Warn Minutes ROUTING
        "A voice route names no trunk, or one that does not exist."
        "Remove the route, or name its trunk."
    TrunkWithoutRoute "trunk_without_route" Policies Warn Minutes ROUTING
        "No voice route uses this trunk."
        "Find out what it is for before it is taken down."
    HybridOnPremisesNumber "hybrid_on_premises_number" Hybrid Block Days FACTS
        "The number is kept in the local directory and synchronised: nothing in the cloud can move it."
        "Clear it in the local shell (Set-CsUser -LineURI $null) and wait for the synchronisation."
    HybridHomedOnPremises "hybrid_homed_on_premises" Hybrid Block Weeks ACCOUNTS
        "The account is homed on a Skype for Business server."
        "Move the account online (Move-CsUser)."
    HybridTwoModels "hybrid_two_models" Hybrid Block Days HYBRID
        "One number is listed under two models; exactly one may own it."
        "Take it out of one of them."
    HybridUserTwoModels "hybrid_user_two_models" Hybrid Warn Days HYBRID
        "One user holds numbers of two models."
        "Move all of the user's numbers in one step, or name the exception."
    HybridRangeOverlap "hybrid_range_overlap" Hybrid Warn Days HYBRID
        "A number of one model lies amid a range of another: ranges must not overlap."
        "Move the range as a whole, or write down who routes which number."
    HybridSupportOwner "hybrid_support_owner" Hybrid Warn Minutes HYBRID
        "Several models are in use and nobody is named as owner of support for each."
        "Name an owner for each model in the project (support_owners)."
    HybridEmergencyModel "hybrid_emergency_model" Hybrid Warn Days HYBRID
        "Several models are in use and emergency calls were not tested for each."
        "Make a test call for each model and note it in the project (emergency_tests)."
    EmergencyAddressIncomplete "emergency_address_incomplete" Emergency Block Minutes LIS
        "An address lacks its street, house number, city or country."
        "Complete the address; it must be complete before the operator uploads numbers."
    EmergencyAddressNotValidated "emergency_address_not_validated" Emergency Block Minutes LIS
        "An address is not validated: no number can be uploaded with it."
        "Validate the address."
    EmergencyLocationMissing "emergency_location_missing" Emergency Block Days LIS
        "Something names an emergency location that does not exist."
        "Create the location, or name an existing one."
    EmergencyNumberWithoutLocation "emergency_number_without_location" Emergency Block Minutes LIS
        "An assigned number of Operator Connect or a Calling Plan has no emergency location."
        "Set the location (Set-CsPhoneNumberAssignment -LocationId), or let the operator set it where it keeps that right."
    EmergencySubnetHost "emergency_subnet_host" Emergency Block Minutes LIS
        "A subnet is given as the address of a host instead of the network's id: it will match nobody."
        "Enter the network id, such as 10.10.10.128 for 10.10.10.150/25."
    EmergencySubnetWithoutLocation "emergency_subnet_without_location" Emergency Block Minutes LIS
        "A subnet names no emergency location, or one that does not exist."
        "Give the subnet a location."
    EmergencySubnetNotMapped "emergency_subnet_not_mapped" Emergency Warn Minutes LIS
        "A site's subnet is not defined again in the location service: it yields a policy and no location."
        "Set-CsOnlineLisSubnet for this subnet."
    EmergencySiteWithoutTrusted "emergency_site_without_trusted_address" Emergency Block Minutes LIS
        "No trusted address belongs to the site: neither its policies nor its locations apply."
        "New-CsTenantTrustedIPAddress with the address by which the site reaches the internet."
    EmergencySiteWithoutAddress "emergency_site_without_address" Emergency Block Days LIS
        "No civic address lies at the site: it must exist before numbers are uploaded."
        "Create and validate the civic address."
    EmergencySiteWithoutPolicy "emergency_site_without_policy" Emergency Warn Minutes LIS
        "The site has no emergency calling policy: nobody in the house is told of a call for help."
        "Assign an emergency calling policy to the site, or decide that Global is right."
    EmergencySiteNotTested "emergency_site_not_tested" Emergency Warn Days LIS
        "No test of an emergency call from this site is noted in the project."
        "Dial the test service from the site and note the day in the project (emergency_tests)."
    NetworkInsufficient "network_insufficient" Network Unknown Days NETWORK
        "Fewer than five business days with measurements in the site's busy hour: there is no verdict."
        "Measure for a week, the busy hour included."
    NetworkNotMeasured "network_not_measured" Network Unknown Days NETWORK
        "Loss, jitter or latency was not measured in windows of 15 s or less."
        "Measure with the Teams Network Assessment Tool (windows of 5 s)."
    NetworkBurstNotMeasured "network_burst_not_measured" Network Unknown Days NETWORK
        "Loss within 200 ms was not measured: tools that sample every few seconds cannot see it."
        "Run a tool that reports bursts, such as iperf3 with an interval of 0.2 s; until then treat it as not proven."
    NetworkLoss "network_loss" Network Block Weeks NETWORK
        "Loss of 1 % or more in too many windows of 15 s: more than 1 % of those in the busy hour, or three in a row."
        "Find where packets are lost; queue voice first; mend the link."
    NetworkBurstLoss "network_burst_loss" Network Block Weeks NETWORK
        "Bursts of 10 % loss or more within 200 ms, in too many windows. Averages hide them."
        "Look for full queues and policers on the way."
    NetworkJitter "network_jitter" Network Block Weeks NETWORK
        "Jitter of 30 ms or more in too many windows of 15 s."
        "Queue voice first; look for full queues."
    NetworkLatency "network_latency" Network Block Weeks NETWORK
        "A round trip of 100 ms or more (50 ms one way) in too many windows."
        "Let media leave at the site, past proxies and VPN."
    NetworkReorder "network_reorder" Network Warn Days NETWORK
        "0.05 % or more packets out of order in too many windows."
        "Look for load balancing by packet."
    NetworkWifi "network_wifi" Network Warn Weeks NETWORK
        "The wireless network at the site misses the targets that its cable, measured apart, may meet."
        "Survey the wireless network, prefer 5 GHz, mark voice."
    NetworkQueue "network_queue" Network Block Weeks NETWORK
        "The priority queue is smaller than the voice of the peak, in one direction or both."
        "Enlarge the priority queue to the need shown."
    NetworkWan "network_wan" Network Block Weeks NETWORK
        "The voice of the peak needs more than 75 % of the usable link, in one direction or both."
        "Enlarge the link, or free it at the busy hour."
    NetworkGuess "network_guess" Network Info Days NETWORK
        "No call records tell the site's peak: it is guessed from its users."
        "Import call records of some weeks."
    NetworkDscp "network_dscp" Network Warn Days NETWORK
        "Audio is not marked with DSCP 46, or the mark is lost on the way."
        "Switch on QoS markers and keep the marks at each hop."
    NetworkNotUdp "network_not_udp" Network Warn Days NETWORK
        "Media does not go by UDP."
        "Open UDP 3478 to 3481 to Microsoft's ranges."
    NetworkProxied "network_proxied" Network Warn Days NETWORK
        "Media goes through a proxy."
        "Let media pass by the proxy."
    NetworkVpn "network_vpn" Network Warn Days NETWORK
        "Voice goes through a VPN."
        "Split the tunnel for media."
    NetworkMediaBypass "network_media_bypass" Network Info Days NETWORK
        "Media stays at the site today (media bypass). Operator Connect has none: all of it will use the internet link."
        "Check the link against the need shown."
    NetworkSubnetOverlap "network_subnet_overlap" Network Warn Minutes LIS
        "Two subnets overlap and tell different sites."
        "Make them apart: overlaps are refused."
    InventoryLost "inventory_lost" Inventory Unknown Minutes ACCOUNTS
        "Columns hold the names of .NET types instead of values: nothing that rests on them is judged."
        "Export again with the command in the remarks."
    InventoryTruncated "inventory_truncated" Inventory Unknown Minutes FACTS
        "An export was probably cut at a limit."
        "Export again with paging (-Skip, -First, -Top), or Export-CsAcquiredPhoneNumber."
    InventoryRejected "inventory_rejected" Inventory Warn Minutes FACTS
        "Rows of the exports were rejected."
        "Mend the rows named in the remarks and import again."
    InventoryConflict "inventory_conflict" Inventory Warn Minutes FACTS
        "Two files say different things of the same field."
        "Settle it by hand in the project, or export again."
    InventoryUserWithoutSite "inventory_user_without_site" Inventory Warn Minutes LIS
        "A user with a number is at no site: neither network nor emergency can be judged."
        "Give the user an office or a number with a network site."
    InventoryTargetGone "inventory_target_gone" Inventory Warn Minutes VOICE_APPS
        "A queue or attendant sends calls to an account that is in no export."
        "Choose another target, or export the missing accounts."
    InventoryQueueWithoutAgents "inventory_queue_without_agents" Inventory Warn Minutes VOICE_APPS
        "A queue has neither agents nor groups."
        "Add agents, or retire the queue and its number."
    InventoryResourceAccountUnused "inventory_resource_account_unused" Inventory Warn Minutes VOICE_APPS
        "A resource account stands for no queue and no attendant."
        "Associate it, or retire it and its number."
    InventoryForwardToNumber "inventory_forward_to_number" Inventory Warn Minutes VOICE_APPS
        "A user forwards to a number of the tenant that is on Direct Routing or a PBX."
        "Forward to the person instead, before that number moves."
    InventorySpecialLine "inventory_special_line" Inventory Warn Weeks PBX
        "A fax, alarm, lift, door or other analog line needs a track of its own."
        "Decide: adapter, mobile gateway, or stay on the PBX, with an owner and a day to look again."
    RecordingPolicy "recording_policy" Recording Warn Weeks HYBRID
        "Calls of these users must be recorded for compliance."
        "Let the maker of the recorder confirm Operator Connect, and move recorded users in a wave of their own."
    RecordingMissing "recording_missing" Recording Block Weeks HYBRID
        "Somebody whose calls must be recorded has no recording policy."
        "Grant the compliance recording policy before the move."
    ModelException "model_exception" Model Warn Days HYBRID
        "Something stays on Direct Routing, a Calling Plan or a PBX without an owner and a day to look again, or that day has passed."
        "Name owner and review date in the project (exceptions)."
    ModelUncovered "model_uncovered" Model Unknown Weeks FACTS
        "It is not known that any operator covers a country with numbers."
        "Fill in the operators' book and run `operators`."
}

/// The folder-relative page of an area, such as `licences.md`.
pub fn page(area: Area) -> String {
    format!("{}.md", area.word())
}

/// Every page of `docs/rules/`, as name and text.
pub fn pages() -> Vec<(String, String)> {
    let mut areas: Vec<Area> = Rule::ALL.iter().map(|rule| rule.area()).collect();
    areas.sort();
    areas.dedup();
    let mut pages: Vec<(String, String)> = areas
        .into_iter()
        .map(|area| {
            let mut text = format!("# Rules: {}\n", area.word());
            for rule in Rule::ALL.iter().filter(|rule| rule.area() == area) {
                let _ = write!(
                    text,
                    "\n## {}\n\n{}\n\n* Severity: {}\n* What to do: {}\n* Takes: {}\n* Source: {} ({})\n",
                    rule.code(),
                    rule.when(),
                    severity_word(rule.severity()),
                    rule.fix(),
                    rule.effort().word(),
                    rule.source().text,
                    rule.source().date,
                );
            }
            (page(area), text)
        })
        .collect();
    pages.push(("README.md".to_owned(), index()));
    pages
}

fn index() -> String {
    let mut text = String::from(
        "# The rules of `meetpoint migrate assess`\n\n\
         Written from `crates/migrate/src/assess/rules.rs` (`UPDATE_RULES=1 cargo test -p migrate rules`). Each code is stable. A project may\n\
         switch a rule off or weigh it otherwise, with a reason that the report shows. Whatever the severity, a rule whose data was lost or never\n\
         exported says `unknown`: it neither passes nor blocks. Rules that only inform stay\n\
         silent then.\n\n\
         | code | area | severity |\n|---|---|---|\n",
    );
    for rule in Rule::ALL {
        let _ = writeln!(
            text,
            "| [{0}]({1}#{0}) | {2} | {3} |",
            rule.code(),
            page(rule.area()),
            rule.area().word(),
            severity_word(rule.severity()),
        );
    }
    text
}

/// The word of a severity in documents.
pub const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Block => "block",
        Severity::Warn => "warn",
        Severity::Unknown => "unknown",
        Severity::Info => "info",
    }
}
