//! What a number may be used for (operator-connect.md 1.7.1).

use api_types::compat::capability::CapabilityPlan;
use domain::number::Usage;
use numbering::{E164, NumberKind, describe};

/// What an operator may choose for any usage.
pub(crate) const CHOOSABLE: [&str; 2] = ["InboundCalling", "OutboundCalling"];

/// What every number of a usage has.
pub(crate) const fn mandatory(usage: Usage) -> &'static str {
    match usage {
        Usage::CallingUserAssignment => "UserAssignment",
        Usage::FirstPartyAppAssignment => "FirstPartyAppAssignment",
        Usage::ConferenceAssignment => "ConferenceAssignment",
    }
}

/// The service of an offer that a usage belongs to (operator-connect.md 1.2).
const fn service(usage: Usage) -> &'static str {
    match usage {
        Usage::CallingUserAssignment | Usage::FirstPartyAppAssignment => "Calling",
        Usage::ConferenceAssignment => "AudioConferencing",
    }
}

const USAGES: [Usage; 3] =
    [Usage::CallingUserAssignment, Usage::FirstPartyAppAssignment, Usage::ConferenceAssignment];

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The plans of an operator that offers these services.
pub(crate) fn plans(services: &[String]) -> Vec<CapabilityPlan> {
    USAGES
        .into_iter()
        .filter(|usage| services.iter().any(|offered| offered == service(*usage)))
        .map(|usage| CapabilityPlan {
            name: usage.as_str().to_owned(),
            offer_types: owned(&[service(usage)]),
            usage: usage.as_str().to_owned(),
            mandatory_capabilities: owned(&[mandatory(usage)]),
            choosable_capabilities: owned(&CHOOSABLE),
            supports_toll_free: usage != Usage::CallingUserAssignment,
        })
        .collect()
}

/// What follows from the number itself.
fn inherent(number: E164) -> Option<&'static str> {
    match describe(number).kind {
        NumberKind::Geographic => Some("Geographic"),
        NumberKind::Mobile => Some("Mobile"),
        NumberKind::TollFree => Some("TollFree"),
        NumberKind::Other => None,
    }
}

/// What a number could be used for: a toll-free one serves no person.
pub(crate) fn available(number: E164) -> Vec<String> {
    let kind = inherent(number);
    let mut all: Vec<&str> = USAGES
        .into_iter()
        .filter(|usage| *usage != Usage::CallingUserAssignment || kind != Some("TollFree"))
        .map(mandatory)
        .collect();
    all.extend(CHOOSABLE);
    all.extend(kind);
    owned(&all)
}

/// What a number of this usage has once it is in the inventory.
pub(crate) fn acquired(number: E164, usage: Usage, chosen: &[String]) -> Vec<String> {
    let mut all = owned(&[mandatory(usage)]);
    all.extend(chosen.iter().cloned());
    all.extend(inherent(number).map(str::to_owned));
    all
}

/// What all of the numbers could be used for.
pub(crate) fn common(numbers: &[E164]) -> Vec<String> {
    let mut all = numbers.iter().map(|number| available(*number));
    let first = all.next().unwrap_or_default();
    all.fold(first, |mut kept, next| {
        kept.retain(|word| next.contains(word));
        kept
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_follow_the_offer_and_numbers_their_kind() {
        let usages = |services: &[&str]| {
            plans(&owned(services)).into_iter().map(|plan| plan.usage).collect::<Vec<_>>()
        };
        assert_eq!(usages(&["Calling"]), ["CallingUserAssignment", "FirstPartyAppAssignment"]);
        assert_eq!(usages(&["AudioConferencing"]), ["ConferenceAssignment"]);
        assert!(usages(&[]).is_empty());

        let london: E164 = "+442079460001".parse().expect("a number");
        let free: E164 = "+448000113333".parse().expect("a number");
        assert!(available(london).contains(&"UserAssignment".to_owned()));
        assert!(available(london).contains(&"Geographic".to_owned()));
        let both = common(&[london, free]);
        assert_eq!(
            both,
            [
                "FirstPartyAppAssignment",
                "ConferenceAssignment",
                "InboundCalling",
                "OutboundCalling"
            ]
        );
        let usage = Usage::FirstPartyAppAssignment;
        let chosen = owned(&["InboundCalling"]);
        assert_eq!(
            acquired(free, usage, &chosen),
            ["FirstPartyAppAssignment", "InboundCalling", "TollFree"]
        );
    }
}
