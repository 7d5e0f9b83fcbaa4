//! Use cases: forwarding, delegates and call groups of a tenant's people (migration.md 1.4).

use crate::act::{
    Fail, Keep, change, cursor, done, invalid, limit, matches, not_found, page, raced,
};
use crate::authz::Access;
use crate::policies::person_must;
use crate::{Cx, Exchange, ListQuery, mask, records};
use api_types::calling::{
    CallingSettings, CallingSettingsPut, Delegate, Forwarding, ForwardingTarget, Unanswered,
    UserCallingSettings,
};
use api_types::{ErrorCode, Page, Problem};
use domain::UserId;
use domain::calling::{self, ForwardTarget, UnansweredDelay};
use feed::change::Change;
use numbering::E164;
use std::collections::BTreeSet;
use store::{Db, Json, PersonRow, Tx};
use uuid::Uuid;

fn target(field: &str, given: &ForwardingTarget) -> Result<ForwardTarget, Problem> {
    let refuse = |part: &str, reason: &str| Err(invalid(&format!("{field}/{part}"), reason));
    let single = given.kind == "SingleTarget";
    if !single {
        if given.number.is_some() {
            return refuse("number", "only a SingleTarget is a number");
        }
        if given.user_id.is_some() {
            return refuse("user_id", "only a SingleTarget is a user");
        }
    }
    match given.kind.as_str() {
        "Voicemail" => Ok(ForwardTarget::Voicemail),
        "MyDelegates" => Ok(ForwardTarget::MyDelegates),
        "Group" => Ok(ForwardTarget::Group),
        "SingleTarget" => match (&given.number, given.user_id) {
            (Some(text), None) => match E164::parse(text) {
                Ok(number) => Ok(ForwardTarget::Number(number)),
                Err(_) => refuse("number", "a number is + and 2 to 15 digits (E.164)"),
            },
            (None, Some(user)) => Ok(ForwardTarget::User(UserId(user))),
            _ => refuse("number", "a SingleTarget is either a number or a user"),
        },
        _ => refuse("type", "a target is Voicemail, SingleTarget, MyDelegates or Group"),
    }
}

/// What is asked for, as far as it can be understood by itself.
pub(crate) fn parse(put: &CallingSettingsPut) -> Result<calling::CallingSettings, Problem> {
    let forwarding = match &put.forwarding {
        None => None,
        Some(given) => {
            let target = target("forwarding/target", &given.target)?;
            Some(match given.kind.as_str() {
                "Immediate" => calling::Forwarding::Immediate(target),
                "Simultaneous" => calling::Forwarding::Simultaneous(target),
                _ => {
                    let reason = "forwarding is Immediate or Simultaneous";
                    return Err(invalid("forwarding/type", reason));
                }
            })
        }
    };
    let unanswered = match &put.unanswered {
        None => None,
        Some(given) => {
            let delay = match given.delay_seconds {
                None => UnansweredDelay::DEFAULT,
                Some(seconds) => UnansweredDelay::try_from(seconds)
                    .map_err(|e| invalid("unanswered/delay_seconds", e.to_string()))?,
            };
            let target = target("unanswered/target", &given.target)?;
            Some(calling::Unanswered { target, delay })
        }
    };
    let alone = |field: &str, given: &Option<ForwardingTarget>| {
        given.as_ref().map(|given| target(field, given)).transpose()
    };
    let delegate = |given: &Delegate| calling::Delegate {
        user: UserId(given.user_id),
        make_calls: given.make_calls,
        receive_calls: given.receive_calls,
    };
    Ok(calling::CallingSettings {
        forwarding,
        unanswered,
        busy: alone("busy", &put.busy)?,
        unreachable: alone("unreachable", &put.unreachable)?,
        delegates: put.delegates.iter().map(delegate).collect(),
        call_group: put.call_group.iter().copied().map(UserId).collect(),
    })
}

fn document(user: UserId, settings: &calling::CallingSettings, version: i64) -> CallingSettings {
    let target = |target: ForwardTarget| {
        let (number, user_id) = match target {
            ForwardTarget::Number(number) => (Some(number.to_string()), None),
            ForwardTarget::User(user) => (None, Some(user.0)),
            ForwardTarget::Voicemail | ForwardTarget::MyDelegates | ForwardTarget::Group => {
                (None, None)
            }
        };
        ForwardingTarget { kind: target.kind().to_owned(), number, user_id }
    };
    let delegate = |d: &calling::Delegate| Delegate {
        user_id: d.user.0,
        make_calls: d.make_calls,
        receive_calls: d.receive_calls,
    };
    CallingSettings {
        user_id: user.0,
        forwarding: settings.forwarding.map(|forwarding| Forwarding {
            kind: forwarding.kind().to_owned(),
            target: target(forwarding.target()),
        }),
        unanswered: settings.unanswered.map(|unanswered| Unanswered {
            target: target(unanswered.target),
            delay_seconds: Some(unanswered.delay.seconds()),
        }),
        busy: settings.busy.map(target),
        unreachable: settings.unreachable.map(target),
        delegates: settings.delegates.iter().map(delegate).collect(),
        call_group: settings.call_group.iter().map(|user| user.0).collect(),
        version,
    }
}

/// May the person have these settings?
pub(crate) async fn admissible(
    tx: &mut Tx,
    person: &PersonRow,
    settings: &calling::CallingSettings,
) -> Result<(), Fail> {
    let tenant = person.tenant_id;
    settings.check(person.id, person.country).map_err(|e| invalid(&e.field, e.reason))?;
    for (field, target) in settings.targets() {
        match target {
            ForwardTarget::Number(number) if person.numbers().any(|own| own == number) => {
                let reason = "this is the person's own number";
                return Err(invalid(&format!("{field}/number"), reason).into());
            }
            ForwardTarget::Voicemail => {
                let targets = tx.voice_targets_get(tenant).await?;
                if targets.is_none_or(|row| row.targets.0.voicemail.is_none()) {
                    let field = format!("/{field}/type");
                    let reason = "the tenant has no voicemail";
                    return Err(ErrorCode::NoVoicemail.problem(Some(&field), reason).into());
                }
            }
            _ => {}
        }
    }
    // Nobody who is named is removed meanwhile.
    let named: BTreeSet<UserId> = settings.people().map(|(_, named)| named).collect();
    if !named.is_empty() {
        tx.people_locked(tenant, &named.into_iter().collect::<Vec<_>>()).await?;
    }
    for (field, named) in settings.people() {
        person_must(tx, tenant, named, &format!("/{field}")).await?;
    }
    Ok(())
}

/// Without whole numbers, for those who help others.
fn masked(mut shown: CallingSettings) -> CallingSettings {
    let targets = [
        shown.forwarding.as_mut().map(|f| &mut f.target),
        shown.unanswered.as_mut().map(|u| &mut u.target),
        shown.busy.as_mut(),
        shown.unreachable.as_mut(),
    ];
    for target in targets.into_iter().flatten() {
        target.number = target.number.as_deref().map(mask::text);
    }
    shown
}

impl Exchange {
    /// Settings of the tenant's people, of those who ever set something.
    ///
    /// # Errors
    /// `invalid_parameter`, `forbidden`.
    pub async fn calling_settings_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<UserCallingSettings>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (most, after) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.calling_settings_list(tenant, after, most + 1).await?)
            })
            .await?;
        let hides = cx.actor.role.sees_masked();
        Ok(page(
            rows,
            most,
            |row| row.person_id.0,
            |row| {
                let settings = document(row.person_id, &row.settings.0, row.version);
                UserCallingSettings {
                    upn: row.upn,
                    display_name: row.display_name,
                    settings: if hides { masked(settings) } else { settings },
                }
            },
        ))
    }

    /// How one person's calls are forwarded, and who acts for them.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn calling_settings_get(
        &self,
        cx: &Cx,
        user: Uuid,
    ) -> Result<CallingSettings, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let person = UserId(user);
        let shown = self
            .view_as(cx, async |mut db: Db| {
                if db.person_get(tenant, person).await?.is_none() {
                    return Err(not_found("user", user).into());
                }
                let row = db.calling_settings_get(tenant, person).await?;
                let (settings, version) =
                    row.map(|row| (row.settings.0, row.version)).unwrap_or_default();
                Ok(document(person, &settings, version))
            })
            .await?;
        Ok(if cx.actor.role.sees_masked() { masked(shown) } else { shown })
    }

    /// Replaces them. Whoever may change them could listen to somebody's calls: that is the admin's.
    ///
    /// # Errors
    /// `invalid_field` names the field; `unknown_user`, `no_voicemail`, `not_found`,
    /// `version_mismatch`, `version_required`, `forbidden`.
    pub async fn calling_settings_put(
        &self,
        cx: &Cx,
        user: Uuid,
        if_match: Option<i64>,
        put: CallingSettingsPut,
    ) -> Result<CallingSettings, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let person = UserId(user);
        let settings = parse(&put)?;
        self.act(cx, "calling_settings.put", Keep::Answer, async |mut tx| {
            let Some(row) = tx.person_get(tenant, person).await? else {
                return Err(not_found("user", user).into());
            };
            let before = tx.calling_settings_get(tenant, person).await?;
            let version = before.as_ref().map_or(0, |row| row.version);
            matches(if_match, version, true)?;
            admissible(&mut tx, &row, &settings).await?;
            let kept = Json(settings.clone());
            raced(tx.calling_settings_put((tenant, person), version, &kept).await?)?;
            let told = records::calling(tenant, person, &settings);
            change(&mut tx, &Change::CallingSettingsPut(told));
            done(document(person, &settings, version + 1), user)
        })
        .await
    }
}
