//! Emergency policies as documents: what of them is written, and what it refers to.

use crate::act::{Fail, invalid};
use api_types::policy::{EmergencyNumber, ExtendedNotification, PolicySettings};
use api_types::{ErrorCode, Problem};
use domain::emergency::DialString;
use domain::policy::{
    self, EmergencyCallRouting, EmergencyCalling, MOST_NOTIFIED_PEOPLE, NotificationMode, Notify,
    PolicyBody,
};
use domain::{GroupId, TenantId};
use numbering::E164;
use std::collections::BTreeSet;
use store::Db;
use uuid::Uuid;

/// Who is told, as a document has it.
struct Told<'a> {
    group: &'a [String],
    group_ids: &'a [Uuid],
    dial_out: Option<&'a str>,
    mode: &'a str,
}

impl Told<'_> {
    fn read(self, at: &str) -> Result<Notify, Problem> {
        let dial_out = self.dial_out.map(|text| {
            E164::parse(text).map_err(|error| {
                let field = format!("{at}notification_dial_out_number");
                invalid(&field, format!("{text:?}: {error}"))
            })
        });
        let mode = NotificationMode::parse(self.mode).ok_or_else(|| {
            let known = NotificationMode::ALL.map(NotificationMode::as_str).join(", ");
            invalid(
                &format!("{at}notification_mode"),
                format!("{:?} is none of {known}", self.mode),
            )
        })?;
        Ok(Notify {
            addresses: self.group.iter().map(|text| text.trim().to_owned()).collect(),
            groups: self.group_ids.iter().copied().map(GroupId).collect(),
            dial_out: dial_out.transpose()?,
            mode,
        })
    }
}

fn digits(field: &str, text: &str) -> Result<DialString, Problem> {
    DialString::parse(text.trim())
        .ok_or_else(|| invalid(field, format!("{text:?} is not 1 to 10 digits")))
}

/// Reads the settings of an emergency policy.
pub(crate) fn body(settings: &PolicySettings) -> Result<PolicyBody, Problem> {
    match settings {
        PolicySettings::TeamsEmergencyCallRoutingPolicy {
            allow_enhanced_emergency_services,
            emergency_numbers,
        } => routing(*allow_enhanced_emergency_services, emergency_numbers),
        _ => calling(settings),
    }
}

fn calling(settings: &PolicySettings) -> Result<PolicyBody, Problem> {
    let PolicySettings::TeamsEmergencyCallingPolicy {
        notification_group,
        notification_group_ids,
        notification_dial_out_number,
        notification_mode,
        external_location_lookup_mode,
        enhanced_emergency_service_disclaimer,
        extended_notifications,
    } = settings
    else {
        return Err(invalid("settings/kind", "it is of another kind"));
    };
    let external_lookup = match external_location_lookup_mode.as_str() {
        "Enabled" => true,
        "Disabled" => false,
        other => {
            let reason = format!("{other:?} is none of Disabled, Enabled");
            return Err(invalid("settings/external_location_lookup_mode", reason));
        }
    };
    let told = Told {
        group: notification_group,
        group_ids: notification_group_ids,
        dial_out: notification_dial_out_number.as_deref(),
        mode: notification_mode,
    };
    let mut extended = Vec::with_capacity(extended_notifications.len());
    for (nth, entry) in extended_notifications.iter().enumerate() {
        let at = format!("settings/extended_notifications/{nth}/");
        let told = Told {
            group: &entry.notification_group,
            group_ids: &entry.notification_group_ids,
            dial_out: entry.notification_dial_out_number.as_deref(),
            mode: &entry.notification_mode,
        };
        let field = format!("{at}emergency_dial_string");
        extended.push(policy::ExtendedNotification {
            dial_string: digits(&field, &entry.emergency_dial_string)?,
            notify: told.read(&at)?,
        });
    }
    Ok(PolicyBody::TeamsEmergencyCallingPolicy(EmergencyCalling {
        notify: told.read("settings/")?,
        external_lookup,
        disclaimer: enhanced_emergency_service_disclaimer
            .as_deref()
            .map(|text| text.trim().to_owned()),
        extended,
    }))
}

fn routing(enhanced: bool, given: &[EmergencyNumber]) -> Result<PolicyBody, Problem> {
    let mut numbers = Vec::with_capacity(given.len());
    for (nth, number) in given.iter().enumerate() {
        let at = format!("settings/emergency_numbers/{nth}");
        let field = format!("{at}/emergency_dial_string");
        let dial_string = digits(&field, &number.emergency_dial_string)?;
        let masks = number.emergency_dial_mask.iter().enumerate();
        let masks = masks
            .map(|(which, mask)| digits(&format!("{at}/emergency_dial_mask/{which}"), mask))
            .collect::<Result<_, _>>()?;
        let usage = number.online_pstn_usage.as_deref().map(|text| text.trim().to_owned());
        numbers.push(policy::EmergencyNumber { dial_string, masks, usage });
    }
    Ok(PolicyBody::TeamsEmergencyCallRoutingPolicy(EmergencyCallRouting { enhanced, numbers }))
}

/// Group, groups' ids, number outside and mode.
fn told(notify: &Notify) -> (Vec<String>, Vec<Uuid>, Option<String>, String) {
    (
        notify.addresses.clone(),
        notify.groups.iter().map(|id| id.0).collect(),
        notify.dial_out.map(|number| number.to_string()),
        notify.mode.as_str().to_owned(),
    )
}

/// An emergency calling policy as a document.
pub(crate) fn calling_settings(rule: &EmergencyCalling) -> PolicySettings {
    let extended = |entry: &policy::ExtendedNotification| {
        let (group, group_ids, dial_out, mode) = told(&entry.notify);
        ExtendedNotification {
            emergency_dial_string: entry.dial_string.to_string(),
            notification_group: group,
            notification_group_ids: group_ids,
            notification_dial_out_number: dial_out,
            notification_mode: mode,
        }
    };
    let (group, group_ids, dial_out, mode) = told(&rule.notify);
    PolicySettings::TeamsEmergencyCallingPolicy {
        notification_group: group,
        notification_group_ids: group_ids,
        notification_dial_out_number: dial_out,
        notification_mode: mode,
        external_location_lookup_mode: match rule.external_lookup {
            true => "Enabled",
            false => "Disabled",
        }
        .to_owned(),
        enhanced_emergency_service_disclaimer: rule.disclaimer.clone(),
        extended_notifications: rule.extended.iter().map(extended).collect(),
    }
}

/// An emergency call routing policy as a document.
pub(crate) fn routing_settings(rule: &EmergencyCallRouting) -> PolicySettings {
    let number = |number: &policy::EmergencyNumber| EmergencyNumber {
        emergency_dial_string: number.dial_string.to_string(),
        emergency_dial_mask: number.masks.iter().map(ToString::to_string).collect(),
        online_pstn_usage: number.usage.clone(),
    };
    PolicySettings::TeamsEmergencyCallRoutingPolicy {
        allow_enhanced_emergency_services: rule.enhanced,
        emergency_numbers: rule.numbers.iter().map(number).collect(),
    }
}

/// The PSTN usages that a policy names, with the field of each.
pub(crate) fn usages_of(body: &PolicyBody) -> Vec<(String, &String)> {
    match body {
        PolicyBody::OnlineVoiceRoutingPolicy(rule)
        | PolicyBody::OnlineAudioConferencingRoutingPolicy(rule) => {
            let usages = rule.usages.iter().enumerate();
            usages.map(|(n, usage)| (format!("/settings/online_pstn_usages/{n}"), usage)).collect()
        }
        PolicyBody::TeamsEmergencyCallRoutingPolicy(rule) => {
            let named = rule.numbers.iter().enumerate();
            let field = |n| format!("/settings/emergency_numbers/{n}/online_pstn_usage");
            named.filter_map(|(n, number)| Some((field(n), number.usage.as_ref()?))).collect()
        }
        _ => Vec::new(),
    }
}

/// The groups that an emergency calling policy names are the tenant's, and have together with its
/// addresses no more people than may be told (emergency.md section 1.6). A group that grows
/// afterwards refuses nobody: beyond the bound nobody more is told.
pub(crate) async fn groups_are_known(
    db: &mut Db,
    tenant: TenantId,
    rule: &EmergencyCalling,
) -> Result<(), Fail> {
    // Nobody removes one meanwhile. In the order of their ids, as every writer takes rows.
    let named: BTreeSet<GroupId> =
        rule.all().flat_map(|(_, notify)| notify.groups.iter().copied()).collect();
    let mut known = BTreeSet::new();
    for group in named {
        if db.group_lock(tenant, group).await? {
            known.insert(group);
        }
    }
    for (at, notify) in rule.all() {
        let mut people = notify.addresses.len() as i64;
        for (nth, group) in notify.groups.iter().enumerate() {
            if !known.contains(group) {
                let field = format!("/settings/{at}notification_group_ids/{nth}");
                let reason = format!("no group {group} in this tenant");
                return Err(ErrorCode::UnknownGroup.problem(Some(&field), reason).into());
            }
            people += db.group_size(tenant, *group).await?;
        }
        if people > MOST_NOTIFIED_PEOPLE as i64 {
            let reason = format!("{people} people would be told: at most {MOST_NOTIFIED_PEOPLE}");
            return Err(invalid(&format!("settings/{at}notification_group_ids"), reason).into());
        }
    }
    Ok(())
}
