//! The settings of a policy: as they are written in requests and answers, and as they are kept.

use crate::act::invalid;
use crate::policies::refusal;
use crate::policy_emergency;
use api_types::Problem;
use api_types::policy::{NormalizationRule, PolicySettings};
use domain::ResourceAccountId;
use domain::policy::{
    self, CallerId, DialOut, PolicyBody, Reach, SharedCalling, Substitute, VoiceRouting,
};
use numbering::E164;

fn reach_parse(field: &str, text: &str) -> Result<Reach, Problem> {
    const REACHES: [Reach; 3] = [Reach::InternationalAndDomestic, Reach::Domestic, Reach::None];
    REACHES.into_iter().find(|reach| reach_text(*reach) == text).ok_or_else(|| {
        let known = REACHES.map(reach_text).join(", ");
        invalid(field, format!("{text:?} is none of {known}"))
    })
}

const fn reach_text(reach: Reach) -> &'static str {
    match reach {
        Reach::InternationalAndDomestic => "InternationalAndDomestic",
        Reach::Domestic => "Domestic",
        Reach::None => "None",
    }
}

/// What a policy is to say.
///
/// # Errors
/// `invalid_field`.
pub(crate) fn body(settings: &PolicySettings) -> Result<PolicyBody, Problem> {
    let body = match settings {
        PolicySettings::TenantDialPlan { rules } => PolicyBody::TenantDialPlan {
            rules: rules
                .iter()
                .map(|rule| policy::NormalizationRule {
                    name: rule.name.trim().to_owned(),
                    pattern: rule.pattern.clone(),
                    translation: rule.translation.clone(),
                })
                .collect(),
        },
        PolicySettings::CallingLineIdentity {
            substitute,
            resource_account_id,
            company_name,
            enable_user_override,
            block_incoming_pstn_caller_id,
        } => {
            let substitute = match (substitute.as_str(), resource_account_id) {
                ("LineUri", None) => Substitute::LineUri,
                ("Anonymous", None) => Substitute::Anonymous,
                ("Resource", Some(id)) => Substitute::Resource(ResourceAccountId(*id)),
                ("Resource", None) => {
                    let reason = "Resource shows the number of an account: name it";
                    return Err(invalid("settings/resource_account_id", reason));
                }
                ("LineUri" | "Anonymous", Some(_)) => {
                    let reason = "an account's number is shown with Resource only";
                    return Err(invalid("settings/resource_account_id", reason));
                }
                _ => {
                    let reason = format!("{substitute:?} is none of LineUri, Anonymous, Resource");
                    return Err(invalid("settings/substitute", reason));
                }
            };
            PolicyBody::CallingLineIdentity(CallerId {
                substitute,
                company_name: company_name.as_deref().map(|name| name.trim().to_owned()),
                user_override: *enable_user_override,
                block_incoming: *block_incoming_pstn_caller_id,
            })
        }
        PolicySettings::OnlineDialOutPolicy { allowed, premium, conferencing_allowed } => {
            PolicyBody::OnlineDialOutPolicy(DialOut {
                reach: reach_parse("settings/allowed", allowed)?,
                premium: *premium,
                conferencing: reach_parse("settings/conferencing_allowed", conferencing_allowed)?,
            })
        }
        PolicySettings::OnlineVoiceRoutingPolicy { online_pstn_usages } => {
            let usages = online_pstn_usages.iter().map(|name| name.trim().to_owned()).collect();
            PolicyBody::OnlineVoiceRoutingPolicy(VoiceRouting { usages })
        }
        PolicySettings::TeamsSharedCallingRoutingPolicy {
            resource_account_id,
            emergency_numbers,
        } => {
            let mut numbers = Vec::new();
            // Before each is compared with all others.
            if emergency_numbers.len() > policy::MOST_SHARED_NUMBERS {
                let most = policy::MOST_SHARED_NUMBERS;
                let reason = format!("there are at most {most} of them");
                return Err(invalid("settings/emergency_numbers", reason));
            }
            for (at, text) in emergency_numbers.iter().enumerate() {
                let number = E164::parse(text).map_err(|error| {
                    invalid(
                        &format!("settings/emergency_numbers/{at}"),
                        format!("{text:?}: {error}"),
                    )
                })?;
                numbers.push(number);
            }
            PolicyBody::TeamsSharedCallingRoutingPolicy(SharedCalling {
                resource_account: ResourceAccountId(*resource_account_id),
                emergency_numbers: numbers,
            })
        }
        PolicySettings::OnlineAudioConferencingRoutingPolicy { online_pstn_usages } => {
            let usages = online_pstn_usages.iter().map(|name| name.trim().to_owned()).collect();
            PolicyBody::OnlineAudioConferencingRoutingPolicy(VoiceRouting { usages })
        }
        PolicySettings::TeamsEmergencyCallingPolicy { .. }
        | PolicySettings::TeamsEmergencyCallRoutingPolicy { .. } => {
            policy_emergency::body(settings)?
        }
    };
    body.ready().map_err(refusal("settings/"))?;
    Ok(body)
}

/// As it is shown.
pub(crate) fn settings(body: &PolicyBody) -> PolicySettings {
    match body {
        PolicyBody::TenantDialPlan { rules } => PolicySettings::TenantDialPlan {
            rules: rules
                .iter()
                .map(|rule| NormalizationRule {
                    name: rule.name.clone(),
                    pattern: rule.pattern.clone(),
                    translation: rule.translation.clone(),
                })
                .collect(),
        },
        PolicyBody::CallingLineIdentity(rule) => {
            let (substitute, account) = match rule.substitute {
                Substitute::LineUri => ("LineUri", None),
                Substitute::Anonymous => ("Anonymous", None),
                Substitute::Resource(account) => ("Resource", Some(account.0)),
            };
            PolicySettings::CallingLineIdentity {
                substitute: substitute.to_owned(),
                resource_account_id: account,
                company_name: rule.company_name.clone(),
                enable_user_override: rule.user_override,
                block_incoming_pstn_caller_id: rule.block_incoming,
            }
        }
        PolicyBody::OnlineDialOutPolicy(rule) => PolicySettings::OnlineDialOutPolicy {
            allowed: reach_text(rule.reach).to_owned(),
            premium: rule.premium,
            conferencing_allowed: reach_text(rule.conferencing).to_owned(),
        },
        PolicyBody::OnlineVoiceRoutingPolicy(rule) => {
            PolicySettings::OnlineVoiceRoutingPolicy { online_pstn_usages: rule.usages.clone() }
        }
        PolicyBody::TeamsSharedCallingRoutingPolicy(rule) => {
            PolicySettings::TeamsSharedCallingRoutingPolicy {
                resource_account_id: rule.resource_account.0,
                emergency_numbers: rule.emergency_numbers.iter().map(ToString::to_string).collect(),
            }
        }
        PolicyBody::OnlineAudioConferencingRoutingPolicy(rule) => {
            PolicySettings::OnlineAudioConferencingRoutingPolicy {
                online_pstn_usages: rule.usages.clone(),
            }
        }
        PolicyBody::TeamsEmergencyCallingPolicy(rule) => policy_emergency::calling_settings(rule),
        PolicyBody::TeamsEmergencyCallRoutingPolicy(rule) => {
            policy_emergency::routing_settings(rule)
        }
    }
}
