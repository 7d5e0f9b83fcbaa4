//! What to look at where several ways to the PSTN stand side by side (operator-connect.md section
//! 5): traps that are legal to set and seldom meant.

use numbering::{Country, E164};

/// A voice route as far as this looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteFacts {
    /// Its name.
    pub name: String,
    /// The usages it serves.
    pub usages: Vec<String>,
    /// How many gateways it names.
    pub gateways: usize,
    /// How many of them are enabled.
    pub enabled: usize,
}

/// A gateway as far as this looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayFacts {
    /// Its name.
    pub fqdn: String,
    /// Where it stands.
    pub country: Country,
    /// Calls may leave by it.
    pub enabled: bool,
    /// Some route names it.
    pub routed: bool,
}

/// A voice routing policy that holds for people with numbers of operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureFacts {
    /// The policy's name.
    pub policy: String,
    /// It holds for everybody, rather than for those it was put for.
    pub global: bool,
    /// How many numbers of operators it captures.
    pub numbers: i64,
    /// Some of them.
    pub some: Vec<E164>,
}

/// What is known of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its routes.
    pub routes: Vec<RouteFacts>,
    /// Its gateways.
    pub gateways: Vec<GatewayFacts>,
    /// Its PSTN usages.
    pub usages: Vec<String>,
    /// Policies that have routes and hold for numbers of operators.
    pub captures: Vec<CaptureFacts>,
    /// Direct Routing numbers of people for whom no voice routing policy holds.
    pub without_policy: (i64, Vec<E164>),
    /// Countries in which the tenant has Direct Routing numbers.
    pub direct_countries: Vec<Country>,
    /// Direct Routing numbers in a range that an operator declared since.
    pub in_operator_ranges: (i64, Vec<E164>),
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Calls go astray, or fail.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a policy's, route's or gateway's name, a country, a number.
    pub subject: String,
    /// What is the case.
    pub message: String,
    /// What to do about it.
    pub fix: &'static str,
}

fn and_more(count: i64, some: &[E164]) -> String {
    let shown: Vec<_> = some.iter().map(ToString::to_string).collect();
    match count - i64::try_from(some.len()).unwrap_or(i64::MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What there is to look at, the worst first.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    use Severity::{Info, Warning};
    let mut found = Vec::new();
    let mut add = |code, severity, subject: &str, message, fix| {
        found.push(Finding { code, severity, subject: subject.to_owned(), message, fix });
    };
    for capture in &facts.captures {
        let numbers = and_more(capture.numbers, &capture.some);
        if capture.global {
            // Rule 4: the global policy holds for everybody, silently.
            let message = format!(
                "the policy holds for everybody, and so leads calls of people with numbers of \
                 operators over your gateways: {numbers}"
            );
            let fix = "Assign it to the people or groups with Direct Routing numbers and to \
                       nobody else, or assign a policy without PSTN usages to the others.";
            add("global_policy_captures_operator_numbers", Warning, &capture.policy, message, fix);
        } else {
            // Rule 5: after a move from Direct Routing the policy is to go.
            let message = format!(
                "the policy leads calls of people with numbers of operators over your gateways: \
                 {numbers}"
            );
            let fix = "Take the policy from people who have moved from Direct Routing to an \
                       operator, unless their calls are meant to leave by your gateways.";
            add("operator_numbers_with_voice_routing", Warning, &capture.policy, message, fix);
        }
    }
    if facts.without_policy.0 > 0 {
        let numbers = and_more(facts.without_policy.0, &facts.without_policy.1);
        let message =
            format!("no voice routing policy holds, so that they cannot call outside: {numbers}");
        let fix = "Assign a voice routing policy with PSTN usages to the people who have them.";
        add("direct_numbers_without_voice_routing", Warning, "Direct Routing", message, fix);
    }
    for route in &facts.routes {
        if route.gateways == 0 {
            let message = "the route names no gateway: calls that match it are refused".to_owned();
            let fix = "Nothing, if it is meant to close a destination; else name a gateway.";
            add("route_without_gateway", Info, &route.name, message, fix);
        } else if route.enabled == 0 {
            let message = "none of the route's gateways is enabled: calls that match it fail \
                           unless another route matches"
                .to_owned();
            let fix = "Enable a gateway of the route, or remove the route, so that calls leave by \
                       the operator of the caller's number.";
            add("route_without_enabled_gateway", Warning, &route.name, message, fix);
        }
    }
    for country in &facts.direct_countries {
        let open = facts.gateways.iter().any(|g| g.enabled && g.country == *country);
        if !open {
            let message = format!(
                "you have Direct Routing numbers in {country} and no enabled gateway there: their \
                 emergency calls leave by an operator that serves the country, if one does"
            );
            let fix = "Enable a gateway in the country, and make a test call.";
            add("no_gateway_for_emergency_calls", Warning, country.as_str(), message, fix);
        }
    }
    if facts.in_operator_ranges.0 > 0 {
        let numbers = and_more(facts.in_operator_ranges.0, &facts.in_operator_ranges.1);
        let message = format!("an operator declared the ranges that they are in: {numbers}");
        let fix = "A number has one way to the PSTN: remove those that moved to the operator, or \
                   have the programme owner see whose the range is.";
        add("direct_numbers_in_operator_range", Warning, "Direct Routing", message, fix);
    }
    for gateway in facts.gateways.iter().filter(|gateway| !gateway.routed) {
        let message = "no voice route names the gateway: no ordinary call leaves by it".to_owned();
        let fix = "Name it in a voice route, or remove it once nothing comes in by it.";
        add("gateway_without_route", Info, &gateway.fqdn, message, fix);
    }
    for usage in &facts.usages {
        if !facts.routes.iter().any(|route| route.usages.contains(usage)) {
            let message = "no voice route serves the PSTN usage".to_owned();
            let fix = "Remove the usage from the policies that name it, or add a route for it.";
            add("pstn_usage_without_route", Info, usage, message, fix);
        }
    }
    found.sort_by_key(|finding| finding.severity == Info);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        Country::parse(code).expect("a country")
    }

    #[test]
    fn each_trap_is_found_and_a_clean_house_is_clean() {
        let number = |text: &str| E164::parse(text).expect("a number");
        let gateway = |enabled, routed| GatewayFacts {
            fqdn: "sbc1.example".into(),
            country: country("GB"),
            enabled,
            routed,
        };
        let route = |gateways, enabled| RouteFacts {
            name: "all".into(),
            usages: vec!["All".into()],
            gateways,
            enabled,
        };
        let clean = Facts {
            routes: vec![route(2, 1)],
            gateways: vec![gateway(true, true)],
            usages: vec!["All".into()],
            direct_countries: vec![country("GB")],
            ..Facts::default()
        };
        let capture = |global| CaptureFacts {
            policy: "p".into(),
            global,
            numbers: 3,
            some: vec![number("+442079460001"), number("+442079460002")],
        };
        let some = (1, vec![number("+442079470001")]);
        for (facts, expect) in [
            (clean.clone(), &[][..]),
            (Facts::default(), &[]),
            (
                Facts { captures: vec![capture(true)], ..clean.clone() },
                &["global_policy_captures_operator_numbers"],
            ),
            (
                Facts { captures: vec![capture(false)], ..clean.clone() },
                &["operator_numbers_with_voice_routing"],
            ),
            (
                Facts { without_policy: some.clone(), ..clean.clone() },
                &["direct_numbers_without_voice_routing"],
            ),
            (Facts { routes: vec![route(0, 0)], ..clean.clone() }, &["route_without_gateway"]),
            (
                Facts { routes: vec![route(1, 0)], ..clean.clone() },
                &["route_without_enabled_gateway"],
            ),
            (
                Facts { gateways: vec![gateway(false, true)], ..clean.clone() },
                &["no_gateway_for_emergency_calls"],
            ),
            (
                Facts { direct_countries: vec![country("DE")], ..clean.clone() },
                &["no_gateway_for_emergency_calls"],
            ),
            (
                Facts { in_operator_ranges: some, ..clean.clone() },
                &["direct_numbers_in_operator_range"],
            ),
            (
                Facts { gateways: vec![gateway(true, false)], ..clean.clone() },
                &["gateway_without_route"],
            ),
            (
                Facts { usages: vec!["All".into(), "None".into()], ..clean },
                &["pstn_usage_without_route"],
            ),
        ] {
            let found = findings(&facts);
            let codes: Vec<_> = found.iter().map(|f| f.code).collect();
            assert_eq!(codes, expect, "{facts:?}");
        }
        let facts =
            Facts { captures: vec![capture(true)], routes: vec![route(0, 0)], ..Facts::default() };
        let found = findings(&facts);
        assert_eq!(found[0].severity, Severity::Warning, "the worst first");
        assert!(found[0].message.ends_with("+442079460001, +442079460002 and 1 more"));
    }
}
