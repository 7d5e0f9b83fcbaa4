//! Use cases: a tenant's voicemail and announcements, which are external SIP targets behind its
//! gateways (design section 5).

use crate::act::{Fail, Keep, change, done, invalid, matches, raced};
use crate::authz::Access;
use crate::{Cx, Exchange, records};
use api_types::calling::{Announcement, VoiceTarget, VoiceTargets, VoiceTargetsPut};
use api_types::{ErrorCode, Problem};
use domain::calling::{self, TargetUri};
use domain::policy::TreatmentTarget;
use domain::{TenantId, TrunkId};
use feed::change::Change;
use store::{Db, Json, Tx, VoiceTargetsRow};

fn target(
    field: &str,
    (uri, gateway, enabled): (&str, uuid::Uuid, bool),
) -> Result<calling::VoiceTarget, Problem> {
    let uri = TargetUri::parse(uri).map_err(|e| invalid(&format!("{field}/uri"), e.to_string()))?;
    Ok(calling::VoiceTarget { uri, gateway: TrunkId(gateway), enabled })
}

fn parse(put: &VoiceTargetsPut) -> Result<calling::VoiceTargets, Problem> {
    let voicemail = match &put.voicemail {
        None => None,
        Some(v) => Some(target("voicemail", (&v.uri, v.gateway_id, v.enabled))?),
    };
    let mut announcements = Vec::with_capacity(put.announcements.len());
    for (at, a) in put.announcements.iter().enumerate() {
        let target = target(&format!("announcements/{at}"), (&a.uri, a.gateway_id, a.enabled))?;
        announcements.push(calling::Announcement { name: a.name.clone(), target });
    }
    let targets = calling::VoiceTargets { voicemail, announcements };
    targets.check().map_err(|e| invalid(&e.field, e.reason))?;
    Ok(targets)
}

fn document(row: Option<&VoiceTargetsRow>) -> VoiceTargets {
    let Some(row) = row else {
        return VoiceTargets { voicemail: None, announcements: Vec::new(), version: 0 };
    };
    let announcement = |a: &calling::Announcement| Announcement {
        name: a.name.clone(),
        uri: a.target.uri.to_string(),
        gateway_id: a.target.gateway.0,
        enabled: a.target.enabled,
    };
    let voicemail = |v: &calling::VoiceTarget| VoiceTarget {
        uri: v.uri.to_string(),
        gateway_id: v.gateway.0,
        enabled: v.enabled,
    };
    VoiceTargets {
        voicemail: row.targets.0.voicemail.as_ref().map(voicemail),
        announcements: row.targets.0.announcements.iter().map(announcement).collect(),
        version: row.version,
    }
}

/// Which of a tenant's voice targets names a gateway, if one does.
pub(crate) async fn names(
    tx: &mut Tx,
    tenant: TenantId,
    gateway: TrunkId,
) -> Result<Option<String>, Fail> {
    let row = tx.voice_targets_get(tenant).await?;
    let targets = row.as_ref().map(|row| &row.targets.0);
    let mut all = targets.into_iter().flat_map(calling::VoiceTargets::targets);
    Ok(all.find(|(_, target)| target.gateway == gateway).map(|(field, _)| field))
}

impl Exchange {
    /// What plays and records for the tenant.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn voice_targets_get(&self, cx: &Cx) -> Result<VoiceTargets, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let row =
            self.view_as(cx, async |mut db: Db| Ok(db.voice_targets_get(tenant).await?)).await?;
        Ok(document(row.as_ref()))
    }

    /// Replaces it.
    ///
    /// # Errors
    /// `invalid_field` names the field; `unknown_gateway`, `announcement_in_use`, `version_mismatch`,
    /// `version_required`, `forbidden`.
    pub async fn voice_targets_put(
        &self,
        cx: &Cx,
        if_match: Option<i64>,
        put: VoiceTargetsPut,
    ) -> Result<VoiceTargets, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let targets = parse(&put)?;
        self.act(cx, "voice_targets.put", Keep::Answer, async |mut tx| {
            // Nobody takes a gateway away meanwhile, nor comes to name an announcement.
            tx.voice_routing_lock(tenant).await?;
            tx.voice_targets_lock(tenant).await?;
            let version = tx.voice_targets_get(tenant).await?.map_or(0, |row| row.version);
            matches(if_match, version, true)?;
            for (field, target) in targets.targets() {
                if tx.gateway_get(tenant, target.gateway).await?.is_none() {
                    let field = format!("/{field}/gateway_id");
                    let reason = format!("no gateway {} in this tenant", target.gateway);
                    return Err(ErrorCode::UnknownGateway.problem(Some(&field), reason).into());
                }
            }
            // What rules name stays.
            let rules = tx.screening_get(tenant).await?;
            let rules = rules.as_ref().map(|row| &row.rules.0);
            let blocked = rules.into_iter().flat_map(|rules| &rules.blocked);
            let blocked = blocked.filter_map(|entry| entry.announcement.as_ref());
            let unassigned = rules.into_iter().flat_map(|rules| &rules.unassigned);
            let unassigned = unassigned.filter_map(|entry| match &entry.target {
                TreatmentTarget::Announcement(name) => Some(name),
                TreatmentTarget::User(_) | TreatmentTarget::ResourceAccount(_) => None,
            });
            let kept = |name: &str| targets.announcements.iter().any(|a| a.name == name);
            if let Some(name) = blocked.chain(unassigned).find(|name| !kept(name)) {
                let reason = format!("call-screening names {name:?}");
                let field = Some("/announcements");
                return Err(ErrorCode::AnnouncementInUse.problem(field, reason).into());
            }
            let kept = Json(targets.clone());
            raced(tx.voice_targets_put(tenant, version, &kept).await?)?;
            let row = VoiceTargetsRow { tenant_id: tenant, targets: kept, version: version + 1 };
            let told = records::voice_targets(tenant, &targets);
            change(&mut tx, &Change::VoiceTargetsPut(told));
            done(document(Some(&row)), tenant)
        })
        .await
    }
}
