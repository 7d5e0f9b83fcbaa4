//! Use cases: whose calls a tenant lets in, and who answers for numbers that nobody has
//! (operator-connect.md section 5).

use crate::act::{Keep, change, done, invalid, matches, raced};
use crate::authz::Access;
use crate::policies::{account_must, person_must, refusal};
use crate::{Cx, Exchange, records};
use api_types::policy::{
    BlockedNumbers, CallScreening, CallScreeningPut, ExemptNumbers, UnassignedTreatment,
};
use api_types::{ErrorCode, Problem};
use domain::policy::{self, Screening, ScreeningRules, TreatmentTarget};
use domain::{ResourceAccountId, UserId};
use feed::change::Change;
use store::{Db, Json, ScreeningRow};
fn rules(put: &CallScreeningPut) -> Result<ScreeningRules, Problem> {
    let mut unassigned = Vec::with_capacity(put.unassigned.len());
    for (at, entry) in put.unassigned.iter().enumerate() {
        let target = match (entry.user_id, entry.resource_account_id, &entry.announcement) {
            (Some(user), None, None) => TreatmentTarget::User(UserId(user)),
            (None, Some(id), None) => TreatmentTarget::ResourceAccount(ResourceAccountId(id)),
            (None, None, Some(name)) => TreatmentTarget::Announcement(name.clone()),
            _ => {
                let reason = "either a person, a call queue or an announcement answers";
                return Err(invalid(&format!("unassigned/{at}/user_id"), reason));
            }
        };
        unassigned.push(policy::UnassignedTreatment {
            name: entry.name.trim().to_owned(),
            pattern: entry.pattern.clone(),
            priority: entry.priority,
            target,
        });
    }
    let rules = ScreeningRules {
        blocked: put
            .blocked
            .iter()
            .map(|entry| policy::BlockedNumbers {
                name: entry.name.trim().to_owned(),
                pattern: entry.pattern.clone(),
                enabled: entry.enabled,
                redirect_to: entry.redirect_to_account_id.map(ResourceAccountId),
                announcement: entry.redirect_to_announcement.clone(),
            })
            .collect(),
        exempt: put
            .exempt
            .iter()
            .map(|entry| policy::ExemptNumbers {
                name: entry.name.trim().to_owned(),
                pattern: entry.pattern.clone(),
                enabled: entry.enabled,
            })
            .collect(),
        unassigned,
    };
    Screening::new(&rules).map_err(refusal(""))?;
    Ok(rules)
}

fn screening_document(row: Option<&ScreeningRow>) -> CallScreening {
    let Some(row) = row else {
        return CallScreening {
            blocked: Vec::new(),
            exempt: Vec::new(),
            unassigned: Vec::new(),
            version: 0,
        };
    };
    let rules = &row.rules.0;
    let blocked = |entry: &policy::BlockedNumbers| BlockedNumbers {
        name: entry.name.clone(),
        pattern: entry.pattern.clone(),
        enabled: entry.enabled,
        redirect_to_account_id: entry.redirect_to.map(|id| id.0),
        redirect_to_announcement: entry.announcement.clone(),
    };
    let exempt = |entry: &policy::ExemptNumbers| ExemptNumbers {
        name: entry.name.clone(),
        pattern: entry.pattern.clone(),
        enabled: entry.enabled,
    };
    let unassigned = |entry: &policy::UnassignedTreatment| {
        let (user_id, resource_account_id, announcement) = match &entry.target {
            TreatmentTarget::User(id) => (Some(id.0), None, None),
            TreatmentTarget::ResourceAccount(id) => (None, Some(id.0), None),
            TreatmentTarget::Announcement(name) => (None, None, Some(name.clone())),
        };
        UnassignedTreatment {
            name: entry.name.clone(),
            pattern: entry.pattern.clone(),
            priority: entry.priority,
            user_id,
            resource_account_id,
            announcement,
        }
    };
    CallScreening {
        blocked: rules.blocked.iter().map(blocked).collect(),
        exempt: rules.exempt.iter().map(exempt).collect(),
        unassigned: rules.unassigned.iter().map(unassigned).collect(),
        version: row.version,
    }
}

impl Exchange {
    /// The tenant's rules for callers, and for numbers that nobody has.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn screening_get(&self, cx: &Cx) -> Result<CallScreening, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let row = self.view_as(cx, async |mut db: Db| Ok(db.screening_get(tenant).await?)).await?;
        Ok(screening_document(row.as_ref()))
    }

    /// Replaces them (operator-connect.md section 5 rule 11).
    ///
    /// # Errors
    /// `invalid_field` names the entry; `unknown_user`, `unknown_account`, `unknown_announcement`,
    /// `version_mismatch`, `version_required`, `forbidden`.
    pub async fn screening_put(
        &self,
        cx: &Cx,
        if_match: Option<i64>,
        put: CallScreeningPut,
    ) -> Result<CallScreening, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let rules = rules(&put)?;
        self.act(cx, "call_screening.put", Keep::Answer, async |mut tx| {
            let version = tx.screening_get(tenant).await?.map_or(0, |row| row.version);
            matches(if_match, version, true)?;
            // Nobody takes an announcement away meanwhile.
            tx.voice_targets_lock(tenant).await?;
            let targets = tx.voice_targets_get(tenant).await?;
            let announcement_must = |name: &str, field: String| {
                let known = targets.iter().flat_map(|row| &row.targets.0.announcements);
                if known.clone().any(|known| known.name == name) {
                    return Ok(());
                }
                let reason = format!("no announcement {name:?} among the voice targets");
                Err(ErrorCode::UnknownAnnouncement.problem(Some(&field), reason))
            };
            for (at, entry) in rules.blocked.iter().enumerate() {
                if let Some(name) = &entry.announcement {
                    announcement_must(name, format!("/blocked/{at}/redirect_to_announcement"))?;
                }
                if let Some(account) = entry.redirect_to {
                    let field = format!("/blocked/{at}/redirect_to_account_id");
                    account_must(&mut tx, tenant, account, &field).await?;
                }
            }
            for (at, entry) in rules.unassigned.iter().enumerate() {
                match &entry.target {
                    TreatmentTarget::User(user) => {
                        let field = format!("/unassigned/{at}/user_id");
                        person_must(&mut tx, tenant, *user, &field).await?;
                    }
                    TreatmentTarget::ResourceAccount(account) => {
                        let field = format!("/unassigned/{at}/resource_account_id");
                        account_must(&mut tx, tenant, *account, &field).await?;
                    }
                    TreatmentTarget::Announcement(name) => {
                        announcement_must(name, format!("/unassigned/{at}/announcement"))?;
                    }
                }
            }
            let rules = Json(rules.clone());
            raced(tx.screening_put(tenant, version, &rules).await?)?;
            let row = ScreeningRow { tenant_id: tenant, rules, version: version + 1 };
            change(&mut tx, &Change::ScreeningPut(records::screening(tenant, &row)));
            done(screening_document(Some(&row)), tenant)
        })
        .await
    }
}
