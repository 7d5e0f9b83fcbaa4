//! By which of the tenant's own gateways calls outside leave (operator-connect.md
//! section 5 rules 4 and 6): a policy names PSTN usages in their order, routes belong to
//! usages, match numbers and name gateways.

use super::{Pattern, PolicyError, name, name_reason};
use crate::TrunkId;
use numbering::E164;
use serde::{Deserialize, Serialize};

/// Most PSTN usages of a tenant, and of a policy. Public documents set no limit that
/// counts here: all of them are looked at in the way of a call.
pub const MOST_USAGES: usize = 100;
/// Most routes of a tenant.
pub const MOST_ROUTES: usize = 200;
/// Most gateways of a route.
pub const MOST_ROUTE_GATEWAYS: usize = 50;
/// Longest name of a usage or a route, characters: as the field has it for dial plans.
const MOST_NAME: usize = 49;

/// A route: numbers, and the gateways by which calls to them leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceRouteRule {
    /// What people call it.
    pub name: String,
    /// What the called number matches, as `+` and digits.
    pub pattern: String,
    /// The lowest is tried first; gateways of equal ones are tried in random order together.
    pub priority: u32,
    /// The usages it serves.
    pub usages: Vec<String>,
    /// By which calls leave; a route without any closes what it matches.
    pub gateways: Vec<TrunkId>,
    /// The bridge's number by which meetings call out (`BridgeSourcePhoneNumber`, 1.12): the
    /// route is for meetings then, and names no gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge_source: Option<E164>,
}

/// All of a tenant's voice routing, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceRoutingRules {
    /// The usages that routes and policies may name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usages: Vec<String>,
    /// The routes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<VoiceRouteRule>,
}

impl VoiceRoutingRules {
    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.usages.is_empty() && self.routes.is_empty()
    }
}

/// A route, ready to be used.
#[derive(Clone, Debug, PartialEq)]
pub struct VoiceRoute {
    /// Its name.
    pub name: String,
    pattern: Pattern,
    priority: u32,
    usages: Vec<String>,
    /// By which calls leave.
    pub gateways: Vec<TrunkId>,
    /// By which number of a bridge meetings call out.
    pub bridge_source: Option<E164>,
}

/// A tenant's routes, ready to be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VoiceRoutes {
    /// By priority, then by name.
    routes: Vec<VoiceRoute>,
}

/// Routes of one usage and priority that match a number: their gateways are tried in
/// random order before those of the next tier.
#[derive(Clone, Debug, PartialEq)]
pub struct Tier<'r> {
    /// The usage by which they match.
    pub usage: &'r str,
    /// Which.
    pub routes: Vec<&'r VoiceRoute>,
}

impl Tier<'_> {
    /// Their gateways, each once.
    pub fn gateways(&self) -> Vec<TrunkId> {
        let mut all: Vec<TrunkId> = Vec::new();
        for id in self.routes.iter().flat_map(|route| &route.gateways) {
            if !all.contains(id) {
                all.push(*id);
            }
        }
        all
    }
}

impl VoiceRoutes {
    /// Reads routes.
    ///
    /// # Errors
    /// Which entry of which list, which field of it, and why.
    pub fn new(rules: &VoiceRoutingRules) -> Result<Self, PolicyError> {
        let known = usage_names("online_pstn_usages", &rules.usages)?;
        if rules.routes.len() > MOST_ROUTES {
            let reason = format!("there are at most {MOST_ROUTES} of them");
            return Err(PolicyError::new("routes", reason));
        }
        let mut routes: Vec<VoiceRoute> = Vec::with_capacity(rules.routes.len());
        for (at, rule) in rules.routes.iter().enumerate() {
            let field = |part: &str| format!("routes/{at}/{part}");
            let named = name(&rule.name, MOST_NAME)
                .ok_or_else(|| PolicyError::new(field("name"), name_reason(MOST_NAME)))?;
            if routes.iter().any(|other| other.name == named) {
                let reason = format!("another route is called {named:?}");
                return Err(PolicyError::new(field("name"), reason));
            }
            let pattern = Pattern::new(&rule.pattern)
                .map_err(|error| PolicyError::new(field("number_pattern"), error.to_string()))?;
            if rule.usages.is_empty() {
                let reason = "a route serves a usage: without one no call ever takes it";
                return Err(PolicyError::new(field("online_pstn_usages"), reason));
            }
            let usages = usage_names(&field("online_pstn_usages"), &rule.usages)?;
            if let Some(unknown) = usages.iter().find(|usage| !known.contains(usage)) {
                let reason = format!("{unknown:?} is not among the tenant's PSTN usages");
                return Err(PolicyError::new(field("online_pstn_usages"), reason));
            }
            if rule.gateways.len() > MOST_ROUTE_GATEWAYS {
                let reason = format!("a route names at most {MOST_ROUTE_GATEWAYS}");
                return Err(PolicyError::new(field("gateway_ids"), reason));
            }
            if rule.bridge_source.is_some() && !rule.gateways.is_empty() {
                let reason = "a route names gateways or a bridge's number, not both";
                return Err(PolicyError::new(field("bridge_source_phone_number"), reason));
            }
            // A usage leads people or meetings, never both (1.12).
            let shared = usages.iter().find(|usage| {
                routes.iter().any(|other| {
                    other.usages.contains(usage)
                        && other.bridge_source.is_some() != rule.bridge_source.is_some()
                })
            });
            if let Some(shared) = shared {
                let reason = format!(
                    "{shared:?} is shared between routes of meetings, which name a bridge's \
                     number, and ordinary ones"
                );
                return Err(PolicyError::new(field("online_pstn_usages"), reason));
            }
            let gateways = rule.gateways.clone();
            routes.push(VoiceRoute {
                name: named,
                pattern,
                priority: rule.priority,
                usages,
                gateways,
                bridge_source: rule.bridge_source,
            });
        }
        routes.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
        Ok(Self { routes })
    }

    /// There is no route.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// The routes that match a number, by usage in the policy's order, then by priority.
    pub fn tiers<'r>(&'r self, usages: &'r [String], called: &str) -> Vec<Tier<'r>> {
        let mut tiers: Vec<(u32, Tier<'r>)> = Vec::new();
        for usage in usages {
            let before = tiers.len();
            let of_usage = self
                .routes
                .iter()
                .filter(|route| route.usages.contains(usage) && route.bridge_source.is_none());
            for route in of_usage.filter(|route| route.pattern.matches(called)) {
                match tiers[before..].last_mut() {
                    Some((priority, tier)) if *priority == route.priority => {
                        tier.routes.push(route);
                    }
                    _ => tiers.push((route.priority, Tier { usage, routes: vec![route] })),
                }
            }
        }
        tiers.into_iter().map(|(_, tier)| tier).collect()
    }

    /// The routes of meetings that match a number, by usage in the policy's order, then by
    /// priority: each with the number by which the meeting calls.
    pub fn of_meetings<'r>(
        &'r self,
        usages: &'r [String],
        called: &str,
    ) -> impl Iterator<Item = (&'r VoiceRoute, E164)> {
        usages.iter().flat_map(move |usage| {
            self.routes.iter().filter_map(move |route| {
                let source = route.bridge_source?;
                let is_match = route.usages.contains(usage) && route.pattern.matches(called);
                is_match.then_some((route, source))
            })
        })
    }

    /// Does any ordinary route match?
    pub fn matches(&self, usages: &[String], called: &str) -> bool {
        self.routes.iter().filter(|route| route.bridge_source.is_none()).any(|route| {
            route.usages.iter().any(|usage| usages.contains(usage)) && route.pattern.matches(called)
        })
    }
}

/// Names of usages, each once.
///
/// # Errors
/// Which one is wrong, and why.
pub(super) fn usage_names(field: &str, given: &[String]) -> Result<Vec<String>, PolicyError> {
    if given.len() > MOST_USAGES {
        let reason = format!("there are at most {MOST_USAGES} of them");
        return Err(PolicyError::new(field, reason));
    }
    let mut read: Vec<String> = Vec::with_capacity(given.len());
    for (at, text) in given.iter().enumerate() {
        let at = format!("{field}/{at}");
        let named =
            name(text, MOST_NAME).ok_or_else(|| PolicyError::new(&*at, name_reason(MOST_NAME)))?;
        if read.contains(&named) {
            return Err(PolicyError::new(at, format!("{named:?} is there twice")));
        }
        read.push(named);
    }
    Ok(read)
}

/// Which usages a person's calls may take, in their order; none, and their calls leave by
/// the operator of their number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceRouting {
    /// The usages, in their order.
    pub usages: Vec<String>,
}

impl VoiceRouting {
    /// Is it well formed?
    ///
    /// # Errors
    /// Which usage is wrong, and why.
    pub fn check(&self) -> Result<(), PolicyError> {
        usage_names("online_pstn_usages", &self.usages).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn gateway(n: u128) -> TrunkId {
        TrunkId(Uuid::from_u128(n))
    }

    fn route(name: &str, pattern: &str, priority: u32, usage: &str, n: u128) -> VoiceRouteRule {
        VoiceRouteRule {
            name: name.into(),
            pattern: pattern.into(),
            priority,
            usages: vec![usage.into()],
            gateways: vec![gateway(n)],
            bridge_source: None,
        }
    }

    fn rules(routes: Vec<VoiceRouteRule>) -> VoiceRoutingRules {
        VoiceRoutingRules { usages: vec!["Local".into(), "Abroad".into()], routes }
    }

    #[test]
    fn usages_come_before_priorities() {
        let routes = VoiceRoutes::new(&rules(vec![
            route("all", "^\\+", 1, "Abroad", 1),
            route("berlin b", "^\\+4930", 2, "Local", 2),
            route("berlin a", "^\\+4930", 2, "Local", 3),
            route("germany", "^\\+49", 5, "Local", 4),
        ]))
        .expect("routes");
        let both = ["Local".to_owned(), "Abroad".to_owned()];
        let turned = ["Abroad".to_owned(), "Local".to_owned()];
        for (usages, called, expect) in [
            (&both[..], "+493012345678", &[&[3, 2][..], &[4], &[1]][..]),
            (&turned, "+493012345678", &[&[1], &[3, 2], &[4]]),
            (&both, "+33123456789", &[&[1]]),
            (&both[..1], "+33123456789", &[]),
            (&both[..1], "+49891234567", &[&[4]]),
            (&[], "+493012345678", &[]),
        ] {
            let tiers = routes.tiers(usages, called);
            let found: Vec<Vec<u128>> = tiers
                .iter()
                .map(|tier| tier.gateways().iter().map(|id| id.0.as_u128()).collect())
                .collect();
            assert_eq!(found, expect, "{usages:?} {called}");
            assert_eq!(routes.matches(usages, called), !expect.is_empty(), "{usages:?} {called}");
        }
    }

    #[test]
    fn routes_of_meetings_are_apart_from_those_of_people() {
        let source = |n: u64| E164::from_value(442_079_460_000 + n);
        let meeting = |name: &str, pattern: &str, priority, usage: &str, n| VoiceRouteRule {
            gateways: Vec::new(),
            bridge_source: source(n),
            ..route(name, pattern, priority, usage, 1)
        };
        let routes = VoiceRoutes::new(&rules(vec![
            meeting("all", r"^\+", 2, "Abroad", 1),
            meeting("germany", r"^\+49", 1, "Abroad", 2),
            route("people", r"^\+49", 1, "Local", 1),
        ]))
        .expect("routes");
        let both = ["Local".to_owned(), "Abroad".to_owned()];
        for (usages, called, expect) in [
            (&both[..], "+493012345678", &[source(2), source(1)][..]),
            (&both, "+33123456789", &[source(1)]),
            (&both[..1], "+493012345678", &[]),
            (&[], "+493012345678", &[]),
        ] {
            let found: Vec<_> =
                routes.of_meetings(usages, called).map(|(_, source)| Some(source)).collect();
            assert_eq!(found, expect, "{usages:?} {called}");
        }
        // Nor does a route of meetings lead or close a person's calls.
        assert!(routes.tiers(&both[1..], "+493012345678").is_empty());
        assert!(!routes.matches(&both[1..], "+493012345678"));

        let at = |routes: Vec<VoiceRouteRule>| {
            VoiceRoutes::new(&rules(routes)).map(|_| ()).map_err(|error| error.field)
        };
        let with_gateway = VoiceRouteRule {
            gateways: vec![gateway(1)],
            ..meeting("both", r"^\+", 1, "Abroad", 1)
        };
        let shared = "routes/1/online_pstn_usages".to_owned();
        assert_eq!(
            at(vec![with_gateway]),
            Err("routes/0/bridge_source_phone_number".to_owned()),
            "it names gateways too"
        );
        let people = route("people", r"^\+", 1, "Abroad", 1);
        let meetings = meeting("meetings", r"^\+", 1, "Abroad", 1);
        assert_eq!(at(vec![people.clone(), meetings.clone()]), Err(shared.clone()));
        assert_eq!(at(vec![meetings.clone(), people]), Err(shared));
        assert_eq!(at(vec![meetings.clone(), meeting("more", r"^\+1", 1, "Abroad", 2)]), Ok(()));
    }

    #[test]
    fn what_is_taken_and_what_is_not() {
        let good = route("all", "^\\+", 1, "Local", 1);
        let with = |change: &dyn Fn(&mut VoiceRouteRule)| {
            let mut rule = good.clone();
            change(&mut rule);
            VoiceRoutes::new(&rules(vec![rule])).map_err(|error| error.field)
        };
        assert!(with(&|_| ()).is_ok());
        assert!(with(&|r| r.gateways.clear()).is_ok(), "it closes what it matches");
        assert!(with(&|r| r.gateways = (0..50).map(gateway).collect()).is_ok());
        for (change, field) in [
            (
                &(|r: &mut VoiceRouteRule| r.name = "n".repeat(50)) as &dyn Fn(&mut VoiceRouteRule),
                "name",
            ),
            (&|r: &mut VoiceRouteRule| r.name.clear(), "name"),
            (&|r: &mut VoiceRouteRule| r.pattern = "(".into(), "number_pattern"),
            (&|r: &mut VoiceRouteRule| r.usages.clear(), "online_pstn_usages"),
            (&|r: &mut VoiceRouteRule| r.usages = vec!["Elsewhere".into()], "online_pstn_usages"),
            (
                &|r: &mut VoiceRouteRule| r.usages = vec!["Local".into(), "Local".into()],
                "online_pstn_usages/1",
            ),
            (&|r: &mut VoiceRouteRule| r.gateways = (0..51).map(gateway).collect(), "gateway_ids"),
        ] {
            assert_eq!(with(change), Err(format!("routes/0/{field}")), "{field}");
        }
        let twice = VoiceRoutes::new(&rules(vec![good.clone(), good.clone()]));
        assert_eq!(twice.expect_err("one name").field, "routes/1/name");
        let many = VoiceRoutingRules { usages: vec!["U".into(); 101], routes: Vec::new() };
        assert_eq!(VoiceRoutes::new(&many).expect_err("too many").field, "online_pstn_usages");
    }
}
