//! What a caller wants an account or a number to be, in either version's words,
//! and whether it can be meant. Pure.

use super::capability::CHOOSABLE;
use super::{MAX_BATCH, Refused, is_name, is_word};
use crate::act::invalid;
use crate::numbers::USAGES;
use api_types::compat::account::{
    AccountDetails2023, AccountResource, AccountServiceDetails, DirectRoutingAccount,
    DirectRoutingConfig,
};
use api_types::compat::number::{
    BatchNumbersItem2023, CallingConfig, CallingNumber, NumberConfiguration, NumberResource,
    NumberServiceDetails, NumberServices2023, Switch,
};
use api_types::problem::EntryError;
use api_types::{ErrorCode, Problem};
use domain::number::Usage;
use numbering::{Country, E164, NumberKind, describe};
use serde::Serialize;
use uuid::Uuid;

/// Longest text kept of one resource's services, bytes of JSON.
const MOST_KEPT: usize = 8192;

/// What an account shall be.
#[derive(Clone, Debug)]
pub enum AccountDraft {
    /// As 2024-02-29-preview says it: all of it.
    Whole(Box<AccountResource>),
    /// As 2023-10-01 says it. What that version cannot say stays as it is.
    DirectRouting(AccountDetails2023),
}

/// What a number shall be.
#[derive(Clone, Debug)]
pub enum NumberInput {
    /// As 2024-02-29-preview says it: all of it.
    Whole(Box<NumberResource>),
    /// As 2023-10-01 says it. What that version cannot say stays as it is.
    Flags(BatchNumbersItem2023),
}

/// A number that was understood.
#[derive(Clone, Debug)]
pub(super) struct NumberDraft {
    pub(super) number: E164,
    services: Services,
    pub(super) custom_header: Option<String>,
    /// Whoever has it shall lose it.
    pub(super) strip: bool,
}

#[derive(Clone, Debug)]
enum Services {
    Whole(Box<NumberServiceDetails>),
    Flags(NumberServices2023),
}

fn error(field: &str, reason: impl Into<String>) -> EntryError {
    ErrorCode::InvalidField.entry(Some(field), reason)
}

fn fits(value: &impl Serialize) -> bool {
    serde_json::to_string(value).is_ok_and(|text| text.len() <= MOST_KEPT)
}

/// Services of either kind that are not offered here, as pairs of a field and whether it is on.
fn not_offered(services: &[(&str, bool)], errors: &mut Vec<EntryError>) {
    for (field, _) in services.iter().filter(|(_, enabled)| *enabled) {
        let reason = format!("{field} cannot be enabled here");
        errors.push(ErrorCode::ServiceNotOffered.entry(Some(field), reason));
    }
}

fn routing_check(config: &DirectRoutingConfig, at: &str, errors: &mut Vec<EntryError>) {
    if !is_word(&config.subdomain, 10, "_-") {
        let reason = "a subdomain is 1 to 10 letters, digits, underscores and dashes";
        errors.push(error(&format!("{at}/subdomain"), reason));
    }
    let tokens = &config.subdomain_tokens;
    for (name, token) in
        [("region1Token", &tokens.region1_token), ("region2Token", &tokens.region2_token)]
    {
        if !is_word(token, 100, "=_-") {
            let reason =
                "a token is 1 to 100 letters, digits, equals signs, underscores and dashes";
            errors.push(error(&format!("{at}/subdomainTokens/{name}"), reason));
        }
    }
}

/// An account as it will be kept: what only the service writes is gone.
pub(super) struct AccountParts {
    pub(super) correlation_id: Option<String>,
    pub(super) tenant: Option<Uuid>,
    pub(super) services: AccountServiceDetails,
}

impl AccountDraft {
    /// What is wrong with it by itself.
    pub(super) fn check(&self, name: &str) -> Result<(), Refused> {
        if !is_name(name) {
            let reason = "a name is 1 to 100 letters, digits, underscores and dashes";
            return Err(ErrorCode::InvalidParameter.problem(Some("accountName"), reason).into());
        }
        let mut errors = Vec::new();
        match self {
            Self::DirectRouting(details) => {
                if let Some(config) = &details.direct_routing {
                    routing_check(config, "/directRouting", &mut errors);
                }
            }
            Self::Whole(account) => {
                if account.name != name {
                    let reason = format!("the path names the account {name}");
                    errors.push(error("/name", reason));
                }
                if account.correlation_id.as_deref().is_some_and(|id| {
                    !(1..=255).contains(&id.chars().count()) || id.chars().any(char::is_control)
                }) {
                    let reason = "a reference is 1 to 255 characters, none a control character";
                    errors.push(error("/correlationId", reason));
                }
                if let Some(services) = &account.service_details {
                    account_services_check(services, &mut errors);
                }
            }
        }
        Refused::of(errors).map_or(Ok(()), Err)
    }

    /// What will be kept, over what was kept before.
    pub(super) fn over(self, before: Option<AccountParts>) -> AccountParts {
        match self {
            Self::Whole(account) => {
                let mut services = account.service_details.unwrap_or_default();
                let tenant = services.teams_tenant_id.take();
                let tenant = tenant.and_then(|text| Uuid::parse_str(&text).ok());
                for service in [
                    &mut services.teams_operator_connect,
                    &mut services.teams_phone_mobile,
                    &mut services.zoom_phone_cloud_peering,
                ]
                .into_iter()
                .flatten()
                {
                    service.number_count = None;
                }
                if let Some(service) = &mut services.azure_operator_call_protection {
                    service.number_count = None;
                }
                if let Some(routing) = &mut services.teams_direct_routing {
                    routing.number_count = None;
                    routing.subdomain_status = None;
                }
                AccountParts { correlation_id: account.correlation_id, tenant, services }
            }
            Self::DirectRouting(details) => {
                let mut kept = before.unwrap_or(AccountParts {
                    correlation_id: None,
                    tenant: None,
                    services: AccountServiceDetails::default(),
                });
                let routing = kept.services.teams_direct_routing.take();
                kept.services.teams_direct_routing = match (details.direct_routing, routing) {
                    (None, None) => None,
                    (configuration, Some(routing)) => {
                        Some(DirectRoutingAccount { configuration, ..routing })
                    }
                    (configuration, None) => Some(DirectRoutingAccount {
                        sync_enabled: false,
                        enabled: false,
                        number_count: None,
                        configuration,
                        subdomain_status: None,
                    }),
                };
                kept
            }
        }
    }
}

fn account_services_check(services: &AccountServiceDetails, errors: &mut Vec<EntryError>) {
    let of = |name: &str| format!("/serviceDetails/{name}");
    let tenant = services.teams_tenant_id.as_deref();
    if tenant.is_some_and(|text| Uuid::parse_str(text).is_err()) {
        errors.push(error(&of("teamsTenantId"), "a tenant's id is a UUID"));
    }
    if tenant.is_none() && services.teams_operator_connect.as_ref().is_some_and(|s| s.enabled) {
        let reason = "Operator Connect is enabled for the numbers of a tenant: name it";
        errors.push(error(&of("teamsTenantId"), reason));
    }
    not_offered(
        &[
            (
                &of("teamsDirectRouting/enabled"),
                services.teams_direct_routing.as_ref().is_some_and(|s| s.enabled),
            ),
            (
                &of("teamsPhoneMobile/enabled"),
                services.teams_phone_mobile.as_ref().is_some_and(|s| s.enabled),
            ),
            (
                &of("zoomPhoneCloudPeering/enabled"),
                services.zoom_phone_cloud_peering.as_ref().is_some_and(|s| s.enabled),
            ),
            (
                &of("azureOperatorCallProtection/enabled"),
                services.azure_operator_call_protection.as_ref().is_some_and(|s| s.enabled),
            ),
        ],
        errors,
    );
    let routing = services.teams_direct_routing.as_ref();
    if let Some(config) = routing.and_then(|routing| routing.configuration.as_ref()) {
        routing_check(config, &of("teamsDirectRouting/configuration"), errors);
    }
    if !fits(services) {
        let reason = format!("it is longer than {MOST_KEPT} bytes");
        errors.push(error("/serviceDetails", reason));
    }
}

/// The account's numbers as one batch: all of them good, or none.
pub(super) fn batch(account: &str, inputs: Vec<NumberInput>) -> Result<Vec<NumberDraft>, Refused> {
    if !(1..=MAX_BATCH).contains(&inputs.len()) {
        let reason = format!("there are {} numbers; 1 to {MAX_BATCH} are taken", inputs.len());
        return Err(invalid("numbers", reason).into());
    }
    let (mut drafts, mut errors) = (Vec::with_capacity(inputs.len()), Vec::new());
    let mut seen = std::collections::HashSet::new();
    for (at, input) in inputs.into_iter().enumerate() {
        let name = input.number_field();
        let place = |error: EntryError| EntryError {
            field: error.field.map(|field| format!("/numbers/{at}{field}")),
            ..error
        };
        match parse(account, input) {
            Ok(draft) if seen.insert(draft.number) => drafts.push(draft),
            Ok(draft) => {
                let reason = format!("{} is named before", draft.number);
                errors.push(place(ErrorCode::DuplicateEntry.entry(Some(name), reason)));
            }
            Err(more) => errors.extend(more.into_iter().map(place)),
        }
    }
    Refused::of(errors).map_or(Ok(drafts), Err)
}

/// The number of a path with its body.
pub(super) fn single(
    account: &str,
    number: E164,
    input: NumberInput,
) -> Result<NumberDraft, Refused> {
    let name = input.number_field();
    let mut errors = match parse(account, input) {
        Ok(draft) if draft.number == number => return Ok(draft),
        Ok(_) => vec![error(name, format!("the path names the number {number}"))],
        Err(errors) => errors,
    };
    for error in &mut errors {
        // The older version's body is the details alone.
        error.field = error
            .field
            .take()
            .map(|field| field.strip_prefix("/details").map_or(field.clone(), str::to_owned));
    }
    Err(Refused::of(errors).expect("there is at least one error"))
}

impl NumberInput {
    const fn number_field(&self) -> &'static str {
        match self {
            Self::Whole(_) => "/telephoneNumber",
            Self::Flags(_) => "/phoneNumber",
        }
    }
}

fn header_check(
    configuration: Option<NumberConfiguration>,
    field: &str,
    errors: &mut Vec<EntryError>,
) -> Option<String> {
    let header = configuration?.custom_sip_header?;
    if !is_word(&header, 100, "_-") {
        let reason = "a header's text is 1 to 100 letters, digits, underscores and dashes";
        errors.push(error(field, reason));
    }
    Some(header)
}

fn parse(account: &str, input: NumberInput) -> Result<NumberDraft, Vec<EntryError>> {
    let mut errors = Vec::new();
    let name = input.number_field();
    let text = match &input {
        NumberInput::Whole(whole) => &whole.telephone_number,
        NumberInput::Flags(item) => &item.phone_number,
    };
    let number = E164::parse(text)
        .map_err(|e| vec![ErrorCode::InvalidNumber.entry(Some(name), e.to_string())])?;
    let draft = match input {
        NumberInput::Whole(whole) => {
            if whole.account_name != account {
                let reason = format!("the path names the account {account}");
                errors.push(error("/accountName", reason));
            }
            let mut services = whole.service_details;
            let calling = services.teams_operator_connect.as_ref();
            let strip =
                calling.is_some_and(|c| c.assignment_status.as_deref() == Some("unassigned"));
            number_services_check(number, &services, &mut errors);
            if let Some(config) =
                services.teams_operator_connect.as_mut().and_then(|c| c.configuration.as_mut())
            {
                config.acquired_capabilities = None;
                config.available_capabilities = None;
            }
            if let Some(calling) = &mut services.teams_operator_connect {
                calling.assignment_status = None;
            }
            let field = "/configuration/customSipHeader";
            let custom_header = header_check(whole.configuration, field, &mut errors);
            NumberDraft { number, services: Services::Whole(services.into()), custom_header, strip }
        }
        NumberInput::Flags(item) => {
            // Without services, Operator Connect is meant (the contract's description of the PUT).
            let flags = item.details.services.unwrap_or(NumberServices2023 {
                teams_oc_enabled: true,
                ..NumberServices2023::default()
            });
            let of = [
                ("/details/services/teamsDrEnabled", flags.teams_dr_enabled),
                ("/details/services/zoomEnabled", flags.zoom_enabled),
            ];
            not_offered(&of, &mut errors);
            let field = "/details/configuration/customSipHeader";
            let custom_header = header_check(item.details.configuration, field, &mut errors);
            NumberDraft { number, services: Services::Flags(flags), custom_header, strip: false }
        }
    };
    if errors.is_empty() { Ok(draft) } else { Err(errors) }
}

fn number_services_check(
    number: E164,
    services: &NumberServiceDetails,
    errors: &mut Vec<EntryError>,
) {
    let of = |name: &str| format!("/serviceDetails/{name}");
    let on = |switch: Option<Switch>| switch.is_some_and(|switch| switch.enabled);
    not_offered(
        &[
            (&of("teamsDirectRouting/enabled"), on(services.teams_direct_routing)),
            (
                &of("teamsPhoneMobile/enabled"),
                services.teams_phone_mobile.as_ref().is_some_and(|s| s.enabled),
            ),
            (&of("zoomPhoneCloudPeering/enabled"), on(services.zoom_phone_cloud_peering)),
            (
                &of("azureOperatorCallProtection/enabled"),
                on(services.azure_operator_call_protection),
            ),
        ],
        errors,
    );
    if let Some(calling) = &services.teams_operator_connect {
        if calling
            .assignment_status
            .as_deref()
            .is_some_and(|status| !matches!(status, "assigned" | "unassigned"))
        {
            let reason = "an assignment status is assigned or unassigned";
            errors.push(error(&of("teamsOperatorConnect/assignmentStatus"), reason));
        }
        if let Some(config) = &calling.configuration {
            config_check(number, config, &of("teamsOperatorConnect/configuration"), errors);
        }
    }
    if !fits(services) {
        errors.push(error("/serviceDetails", format!("it is longer than {MOST_KEPT} bytes")));
    }
}

fn config_check(number: E164, config: &CallingConfig, at: &str, errors: &mut Vec<EntryError>) {
    let of = |name: &str| format!("{at}/{name}");
    let usage = Usage::parse(&config.usage);
    if usage.is_none() {
        errors.push(error(&of("usage"), USAGES));
    }
    if let Some(odd) =
        config.choosable_capabilities.iter().find(|word| !CHOOSABLE.contains(&word.as_str()))
    {
        let reason = format!("{odd:?} cannot be chosen; {} can", CHOOSABLE.join(" and "));
        errors.push(error(&of("choosableCapabilities"), reason));
    }
    for more in config.additional_usages.iter().flatten() {
        let more = Usage::parse(more);
        if more.is_none() || more == usage {
            let reason = format!("{USAGES}; an additional one differs from the main one");
            errors.push(error(&of("additionalUsages"), reason));
            break;
        }
    }
    for (name, id) in
        [("civicAddressId", &config.civic_address_id), ("locationId", &config.location_id)]
    {
        if id.as_deref().is_some_and(|id| Uuid::parse_str(id).is_err()) {
            errors.push(error(&of(name), "an id is a UUID"));
        }
    }
    let field = of("displayedCountryCode");
    match config.displayed_country_code.as_deref().map(Country::parse) {
        Some(Err(reason)) => errors.push(error(&field, reason.to_string())),
        // operator-connect.md 1.7.1.
        None if number.to_string().starts_with("+1")
            && describe(number).kind == NumberKind::TollFree =>
        {
            errors.push(error(&field, "a North American toll-free number needs a country"));
        }
        _ => {}
    }
}

impl NumberDraft {
    /// The services as they will be kept, over what was kept before.
    pub(super) fn over(&self, before: Option<NumberServiceDetails>) -> NumberServiceDetails {
        let flags = match &self.services {
            Services::Whole(services) => return (**services).clone(),
            Services::Flags(flags) => *flags,
        };
        let mut services = before.unwrap_or_default();
        let switch = |before: Option<Switch>, enabled: bool| match (before, enabled) {
            (None, false) => None,
            _ => Some(Switch { enabled }),
        };
        services.teams_direct_routing =
            switch(services.teams_direct_routing, flags.teams_dr_enabled);
        services.zoom_phone_cloud_peering =
            switch(services.zoom_phone_cloud_peering, flags.zoom_enabled);
        services.teams_operator_connect =
            match (services.teams_operator_connect, flags.teams_oc_enabled) {
                (None, false) => None,
                (None, true) => Some(CallingNumber {
                    enabled: true,
                    assignment_status: None,
                    configuration: None,
                }),
                (Some(calling), enabled) => Some(CallingNumber { enabled, ..calling }),
            };
        services
    }
}

/// What an operator means that says nothing of how a number is used: a person's, whose
/// location the tenant sets, since the operator names none.
pub(super) fn usual(number_usage: Option<(Usage, bool)>) -> CallingConfig {
    let (usage, allow) = number_usage.unwrap_or((Usage::CallingUserAssignment, true));
    CallingConfig {
        usage: usage.as_str().to_owned(),
        choosable_capabilities: CHOOSABLE.iter().map(|word| (*word).to_owned()).collect(),
        acquired_capabilities: None,
        available_capabilities: None,
        additional_usages: None,
        civic_address_id: None,
        location_id: None,
        allow_tenant_address_update: Some(allow),
        displayed_country_code: None,
    }
}

/// A number in a path.
pub(super) fn path_number(text: &str) -> Result<E164, Problem> {
    E164::parse(text).map_err(|error| {
        let reason = format!("{text:?}: {error}");
        ErrorCode::InvalidNumber.problem(Some("telephoneNumber"), reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn number(details: Value) -> NumberInput {
        let whole = json!({
            "telephoneNumber": "+442079460001", "accountName": "A", "serviceDetails": details,
        });
        NumberInput::Whole(Box::new(serde_json::from_value(whole).expect("a number")))
    }

    fn config(more: Value) -> NumberInput {
        let mut config = json!({ "usage": "CallingUserAssignment", "choosableCapabilities": ["InboundCalling"] });
        for (name, value) in more.as_object().expect("fields") {
            config[name] = value.clone();
        }
        number(json!({ "teamsOperatorConnect": { "enabled": true, "configuration": config } }))
    }

    #[test]
    fn a_number_by_itself() {
        let off = json!({ "enabled": false });
        let config_field = "/numbers/0/serviceDetails/teamsOperatorConnect/configuration";
        let of = |name: &str| Some((format!("{config_field}/{name}"), "invalid_field"));
        let service = |name: &str| {
            Some((format!("/numbers/0/serviceDetails/{name}/enabled"), "service_not_offered"))
        };
        for (input, expect) in [
            (number(json!({})), None),
            (number(json!({ "teamsPhoneMobile": off, "zoomPhoneCloudPeering": off })), None),
            (
                number(json!({ "teamsDirectRouting": { "enabled": true } })),
                service("teamsDirectRouting"),
            ),
            (
                number(json!({ "teamsPhoneMobile": { "enabled": true } })),
                service("teamsPhoneMobile"),
            ),
            (
                number(json!({ "zoomPhoneCloudPeering": { "enabled": true } })),
                service("zoomPhoneCloudPeering"),
            ),
            (
                number(json!({ "azureOperatorCallProtection": { "enabled": true } })),
                service("azureOperatorCallProtection"),
            ),
            (config(json!({})), None),
            (config(json!({ "usage": "ConferenceAssigned" })), None),
            (config(json!({ "usage": "Fax" })), of("usage")),
            (config(json!({ "choosableCapabilities": ["Mobile"] })), of("choosableCapabilities")),
            (
                config(json!({ "additionalUsages": ["CallingUserAssignment"] })),
                of("additionalUsages"),
            ),
            (config(json!({ "locationId": "here" })), of("locationId")),
            (config(json!({ "civicAddressId": "" })), of("civicAddressId")),
            (config(json!({ "displayedCountryCode": "XYZ" })), of("displayedCountryCode")),
            (config(json!({ "displayedCountryCode": "GB" })), None),
        ] {
            let words = format!("{input:?}");
            let got = batch("A", vec![input]).err().map(|refused| {
                (refused.problem.field.clone().unwrap_or_default(), refused.problem.code.clone())
            });
            let got = got.as_ref().map(|(field, code)| (field.clone(), code.as_str()));
            assert_eq!(got, expect, "{words}");
        }
    }

    #[test]
    fn a_batch_is_good_or_bad_as_a_whole() {
        let good = || config(json!({}));
        let refused = batch("A", vec![good(), good()]).expect_err("twice");
        assert_eq!(refused.problem.code, "duplicate_entry");
        assert_eq!(refused.problem.field.as_deref(), Some("/numbers/1/telephoneNumber"));
        let refused = batch("B", vec![good(), config(json!({ "usage": "Fax" }))]).expect_err("B");
        assert_eq!(refused.details.len(), 3, "{:?}", refused.details);
        assert!(batch("A", vec![]).is_err());
        assert!(batch("A", (0..=MAX_BATCH).map(|_| good()).collect()).is_err());
    }

    #[test]
    fn the_older_version_leaves_what_it_cannot_say() {
        let item = |services: Value| {
            let item = json!({
                "phoneNumber": "+442079460001", "details": { "services": services },
            });
            NumberInput::Flags(serde_json::from_value(item).expect("an item"))
        };
        let flags = |dr: bool, oc: bool, zoom: bool| {
            item(json!({ "teamsDrEnabled": dr, "teamsOcEnabled": oc, "zoomEnabled": zoom }))
        };
        let before = match config(json!({ "usage": "FirstPartyAppAssignment" })) {
            NumberInput::Whole(whole) => whole.service_details,
            NumberInput::Flags(_) => unreachable!("made whole above"),
        };
        let draft = batch("A", vec![flags(false, false, false)]).expect("good").remove(0);
        let after = draft.over(Some(before.clone())).teams_operator_connect.expect("kept");
        assert!(!after.enabled);
        assert_eq!(
            after.configuration,
            before.teams_operator_connect.expect("there").configuration
        );
        assert_eq!(draft.over(None), NumberServiceDetails::default());
        for (dr, zoom, field) in [(true, false, "teamsDrEnabled"), (false, true, "zoomEnabled")] {
            let refused = batch("A", vec![flags(dr, true, zoom)]).expect_err("not offered");
            let field = format!("/numbers/0/details/services/{field}");
            assert_eq!(refused.problem.field.as_deref(), Some(field.as_str()));
        }
        let draft = batch("A", vec![item(Value::Null)]).expect("good").remove(0);
        assert!(draft.over(None).teams_operator_connect.is_some_and(|calling| calling.enabled));
    }
}
