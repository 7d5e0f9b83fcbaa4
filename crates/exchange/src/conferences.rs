//! Use cases: conference bridges of a tenant and their numbers (operator-connect.md 1.12, 2.1).

use crate::act::{
    Fail, Keep, change, cursor, done, invalid, limit, matches, new_id, not_found, page, raced, text,
};
use crate::authz::Access;
use crate::numbers::{assign_facts, block_of, number_locked, refusal as assign_refusal};
use crate::{Cx, Exchange, ListQuery, records};
use api_types::conference::{
    ConferenceBridge, ConferenceBridgeCreate, ConferenceBridgeUpdate, ConferenceNumber,
    ConferenceNumberPut,
};
use api_types::{ErrorCode, Page, Problem};
use domain::assign::{Assignee, check};
use domain::conference::{
    BridgeNumber, BridgeRefusal, LanguageError, LanguageTag, Languages, MOST_BRIDGE_GATEWAYS,
    MOST_BRIDGE_NAME, MOST_BRIDGE_NUMBERS, MOST_BRIDGES, becomes_default, check_default,
    check_remove, check_unregister,
};
use domain::number::NumberType;
use domain::{BridgeId, TenantId, TrunkId};
use feed::change::Change;
use numbering::{Country, E164, NumberKind, describe};
use store::{BridgeNumberRow, BridgeRow, Db, Json, NumberRow, Tx};
use uuid::Uuid;

fn document(row: &BridgeRow, default: Option<E164>, numbers: i64) -> ConferenceBridge {
    ConferenceBridge {
        id: row.id.0,
        name: row.name.clone(),
        gateway_ids: row.gateways.0.iter().map(|id| id.0).collect(),
        default_number: default.map(|number| number.to_string()),
        numbers,
        version: row.version,
    }
}

fn number_document(row: &BridgeNumberRow) -> ConferenceNumber {
    let languages = &row.languages.0;
    ConferenceNumber {
        number: row.number.to_string(),
        conference_bridge_id: row.bridge_id.0,
        conference_bridge_name: row.bridge_name.clone(),
        country: row.country.to_string(),
        toll_free: describe(row.number).kind == NumberKind::TollFree,
        primary_language: languages.primary().to_string(),
        secondary_languages: languages.secondary().iter().map(ToString::to_string).collect(),
        is_default: row.is_default,
    }
}

fn refusal(refusal: BridgeRefusal) -> Problem {
    let (code, field) = match refusal {
        BridgeRefusal::DefaultOfOperator => {
            (ErrorCode::DefaultNumberOfOperator, Some("/default_number"))
        }
        BridgeRefusal::NotOfBridge => (ErrorCode::NotBridgeNumber, Some("/default_number")),
        BridgeRefusal::IsDefault => (ErrorCode::BridgeDefaultNumber, None),
        BridgeRefusal::IsSource => (ErrorCode::BridgeSourceNumber, None),
        BridgeRefusal::NumbersRemain => (ErrorCode::BridgeNumbersRemain, None),
    };
    code.problem(field, refusal.to_string())
}

fn languages(put: &ConferenceNumberPut) -> Result<Languages, Problem> {
    let tag = |field: &str, text: &str| {
        LanguageTag::parse(text.trim())
            .map_err(|error| invalid(field, format!("{text:?}: {error}")))
    };
    let primary = tag("primary_language", &put.primary_language)?;
    let mut secondary = Vec::new();
    // Before each is compared with all others.
    if put.secondary_languages.len() > domain::conference::MOST_SECONDARY {
        return Err(invalid("secondary_languages", LanguageError::TooMany.to_string()));
    }
    for (at, text) in put.secondary_languages.iter().enumerate() {
        secondary.push(tag(&format!("secondary_languages/{at}"), text)?);
    }
    Languages::new(primary, secondary)
        .map_err(|error| invalid("secondary_languages", error.to_string()))
}

/// The gateways that a bridge is to be answered by, each once.
fn gateways_parse(given: &[Uuid]) -> Result<Vec<TrunkId>, Problem> {
    let mut gateways: Vec<TrunkId> = Vec::new();
    if given.is_empty() || given.len() > MOST_BRIDGE_GATEWAYS {
        let reason = format!("1 to {MOST_BRIDGE_GATEWAYS} gateways answer a bridge's calls");
        return Err(invalid("gateway_ids", reason));
    }
    for id in given.iter().copied().map(TrunkId) {
        if !gateways.contains(&id) {
            gateways.push(id);
        }
    }
    Ok(gateways)
}

async fn gateways_known(tx: &mut Tx, tenant: TenantId, gateways: &[TrunkId]) -> Result<(), Fail> {
    // None of them is removed meanwhile.
    tx.voice_routing_lock(tenant).await?;
    for (at, id) in gateways.iter().enumerate() {
        if tx.gateway_get(tenant, *id).await?.is_none() {
            let field = format!("/gateway_ids/{at}");
            let reason = format!("no gateway {id} in this tenant");
            return Err(ErrorCode::UnknownGateway.problem(Some(&field), reason).into());
        }
    }
    Ok(())
}

async fn bridge_must(db: &mut Db, tenant: TenantId, id: Uuid) -> Result<BridgeRow, Fail> {
    let row = db.bridge_get(tenant, BridgeId(id)).await?;
    Ok(row.ok_or_else(|| not_found("conference bridge", id))?)
}

async fn shown(db: &mut Db, row: &BridgeRow) -> Result<ConferenceBridge, Fail> {
    let default = db.bridge_default_get(row.id).await?;
    Ok(document(row, default, db.bridge_number_count(row.id).await?))
}

/// The bridge of this name, if it is another one.
async fn free_name(
    db: &mut Db,
    tenant: TenantId,
    name: &str,
    own: Option<BridgeId>,
) -> Result<(), Fail> {
    match db.bridge_named(tenant, name).await? {
        Some(other) if Some(other) != own => {
            let reason = format!("conference bridge {other} is called {name:?}");
            Err(ErrorCode::Conflict.problem(Some("/name"), reason).into())
        }
        _ => Ok(()),
    }
}

/// Tells edges of the bridge with its numbers as they are now.
async fn put(tx: &mut Tx, row: &BridgeRow) -> Result<(), Fail> {
    let most = u32::try_from(MOST_BRIDGE_NUMBERS).unwrap_or(u32::MAX);
    let numbers = tx.bridge_number_list(row.tenant_id, Some(row.id), None, None, most).await?;
    change(tx, &Change::BridgePut(records::bridge(row, &numbers)));
    Ok(())
}

/// Which voice route lets meetings call by a number.
async fn source_of(db: &mut Db, tenant: TenantId, number: E164) -> Result<Option<String>, Fail> {
    let routing = db.voice_routing_get(tenant).await?;
    let routes = routing.into_iter().flat_map(|routing| routing.rules.0.routes);
    let mut named = routes.filter(|route| route.bridge_source == Some(number));
    Ok(named.next().map(|route| route.name))
}

/// A number of a bridge, as the rules see it.
async fn facts(db: &mut Db, row: &BridgeNumberRow) -> Result<BridgeNumber, Fail> {
    Ok(BridgeNumber {
        kind: NumberType::of(row.operator_id),
        is_default: row.is_default,
        is_source: source_of(db, row.tenant_id, row.number).await?.is_some(),
    })
}

/// Writes who has a number now, and tells of it.
async fn hand(tx: &mut Tx, row: &NumberRow, bridge: Option<BridgeId>) -> Result<(), Fail> {
    let at = tx.at();
    raced(tx.number_to_bridge(row.number, row.version, bridge, at).await?)?;
    // What an assignment before left is no state to go back to any more.
    tx.number_former_forget(&[row.number]).await?;
    let row = tx.number_get(row.number).await?.ok_or_else(|| not_found("number", row.number))?;
    change(tx, &Change::NumbersPut { numbers: vec![records::number(&row)] });
    Ok(())
}

impl Exchange {
    /// The tenant's conference bridges.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn conference_bridge_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<ConferenceBridge>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (most, after) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| {
                let mut found = Vec::new();
                for row in db.bridge_list(tenant, after, most + 1).await? {
                    let document = shown(&mut db, &row).await?;
                    found.push(document);
                }
                Ok(found)
            })
            .await?;
        Ok(page(rows, most, |row| row.id, |row| row))
    }

    /// One conference bridge.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn conference_bridge_get(
        &self,
        cx: &Cx,
        id: Uuid,
    ) -> Result<ConferenceBridge, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        self.view_as(cx, async |mut db: Db| {
            let row = bridge_must(&mut db, tenant, id).await?;
            shown(&mut db, &row).await
        })
        .await
    }

    /// Adds a conference bridge, without numbers yet.
    ///
    /// # Errors
    /// `invalid_field` names the field; `unknown_gateway`, `conflict`, `forbidden`.
    pub async fn conference_bridge_create(
        &self,
        cx: &Cx,
        new: ConferenceBridgeCreate,
    ) -> Result<ConferenceBridge, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let name = text("name", &new.name, MOST_BRIDGE_NAME)?;
        let gateways = gateways_parse(&new.gateway_ids)?;
        self.act(cx, "conference_bridge.create", Keep::Answer, async |mut tx| {
            gateways_known(&mut tx, tenant, &gateways).await?;
            if tx.bridge_count(tenant).await? >= MOST_BRIDGES {
                let reason = format!("a tenant has at most {MOST_BRIDGES} conference bridges");
                return Err(invalid("name", reason).into());
            }
            free_name(&mut tx, tenant, &name, None).await?;
            let row = BridgeRow {
                id: BridgeId(new_id()),
                tenant_id: tenant,
                name: name.clone(),
                gateways: Json(gateways.clone()),
                version: 1,
            };
            tx.bridge_insert(&row).await?;
            put(&mut tx, &row).await?;
            done(document(&row, None, 0), row.id)
        })
        .await
    }

    /// Edits a conference bridge; what is left out stays. Its default number is one of its own
    /// numbers, and no operator's.
    ///
    /// # Errors
    /// `invalid_field` names the field; `unknown_gateway`, `conflict`, `not_bridge_number`,
    /// `default_number_of_operator`, `version_mismatch`, `version_required`, `not_found`,
    /// `forbidden`.
    pub async fn conference_bridge_update(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
        edit: ConferenceBridgeUpdate,
    ) -> Result<ConferenceBridge, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let name = edit.name.as_deref().map(|n| text("name", n, MOST_BRIDGE_NAME)).transpose()?;
        let gateways = edit.gateway_ids.as_deref().map(gateways_parse).transpose()?;
        let default = match edit.default_number.as_deref() {
            None => None,
            Some(number) => Some(
                E164::parse(number)
                    .map_err(|error| invalid("default_number", format!("{number:?}: {error}")))?,
            ),
        };
        self.act(cx, "conference_bridge.update", Keep::Answer, async |mut tx| {
            let mut row = bridge_must(&mut tx, tenant, id).await?;
            matches(if_match, row.version, true)?;
            if let Some(gateways) = &gateways {
                gateways_known(&mut tx, tenant, gateways).await?;
                row.gateways = Json(gateways.clone());
            }
            if let Some(name) = &name {
                free_name(&mut tx, tenant, name, Some(row.id)).await?;
                row.name.clone_from(name);
            }
            // Its row is locked from here on.
            raced(tx.bridge_update(&row).await?)?;
            row.version += 1;
            if let Some(number) = default {
                let found = tx.bridge_number_get(tenant, number).await?;
                let found = match found.filter(|found| found.bridge_id == row.id) {
                    None => None,
                    Some(found) => Some(facts(&mut tx, &found).await?),
                };
                check_default(found).map_err(refusal)?;
                tx.bridge_default_set(row.id, number).await?;
            }
            put(&mut tx, &row).await?;
            let answer = shown(&mut tx, &row).await?;
            done(answer, row.id)
        })
        .await
    }

    /// Removes a conference bridge that has no number but its default one, which is free then.
    ///
    /// # Errors
    /// `bridge_numbers_remain`, `bridge_source_number`, `version_mismatch`, `not_found`,
    /// `forbidden`.
    pub async fn conference_bridge_remove(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
    ) -> Result<ConferenceBridge, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "conference_bridge.remove", Keep::Answer, async |mut tx| {
            tx.voice_routing_lock(tenant).await?;
            let row = bridge_must(&mut tx, tenant, id).await?;
            matches(if_match, row.version, false)?;
            let answer = shown(&mut tx, &row).await?;
            let default = match tx.bridge_default_get(row.id).await? {
                Some(number) => Some(number_of(&mut tx, tenant, number).await?),
                None => None,
            };
            let as_seen = match &default {
                Some((_, number)) => Some(facts(&mut tx, number).await?),
                None => None,
            };
            let numbers = usize::try_from(answer.numbers).unwrap_or(usize::MAX);
            check_remove(numbers, as_seen).map_err(refusal)?;
            if let Some((number, _)) = default {
                tx.bridge_number_delete(tenant, number.number).await?;
                hand(&mut tx, &number, None).await?;
            }
            tx.bridge_touch(tenant, row.id).await?;
            tx.bridge_delete(tenant, row.id).await?;
            change(&mut tx, &Change::BridgeRemoved { tenant, id: row.id });
            done(answer, row.id)
        })
        .await
    }

    /// The numbers of one conference bridge, or, as guests look for one to call, of all:
    /// of one country, or of all.
    ///
    /// # Errors
    /// `not_found`, `invalid_parameter`, `forbidden`.
    pub async fn conference_number_list(
        &self,
        cx: &Cx,
        bridge: Option<Uuid>,
        country: Option<String>,
        list: ListQuery,
    ) -> Result<Page<ConferenceNumber>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (most, after) = (limit(&list)?, cursor::<u64>(&list)?);
        let country = match country {
            None => None,
            Some(text) => Some(Country::parse(&text).map_err(|error| {
                ErrorCode::InvalidParameter.problem(Some("country"), error.to_string())
            })?),
        };
        let after = after.and_then(E164::from_value);
        let rows = self
            .view_as(cx, async |mut db: Db| {
                if let Some(id) = bridge {
                    bridge_must(&mut db, tenant, id).await?;
                }
                let bridge = bridge.map(BridgeId);
                Ok(db.bridge_number_list(tenant, bridge, country, after, most + 1).await?)
            })
            .await?;
        Ok(page(rows, most, |row| row.number.value(), |row| number_document(&row)))
    }

    /// Registers a number with a conference bridge, or sets the languages of one that it has.
    /// The first that may be its default number becomes it.
    ///
    /// # Errors
    /// `invalid_field` names the field; those of an assignment, as `wrong_usage`,
    /// `already_assigned`, `consent_not_active`; `not_found`, `forbidden`.
    pub async fn conference_number_put(
        &self,
        cx: &Cx,
        bridge: Uuid,
        number: E164,
        asked: ConferenceNumberPut,
    ) -> Result<ConferenceNumber, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let languages = languages(&asked)?;
        self.act(cx, "conference_number.register", Keep::Answer, async |mut tx| {
            let (row, consent) = number_locked(&mut tx, tenant, number).await?;
            let of = bridge_must(&mut tx, tenant, bridge).await?;
            tx.bridge_touch(tenant, of.id).await?;
            let known = tx.bridge_number_get(tenant, number).await?;
            let known = known.filter(|known| known.bridge_id == of.id);
            let is_default = match &known {
                Some(known) => known.is_default,
                None => {
                    let block = block_of(&row);
                    let place = (row.location_id, None);
                    let facts = assign_facts(&row, consent, place, block, tx.at());
                    check(&facts, &Assignee::Bridge).map_err(assign_refusal)?;
                    if tx.bridge_number_count(of.id).await? >= MOST_BRIDGE_NUMBERS {
                        let reason = format!(
                            "a conference bridge has at most {MOST_BRIDGE_NUMBERS} numbers"
                        );
                        return Err(ErrorCode::Conflict.problem(None, reason).into());
                    }
                    let has_default = tx.bridge_default_get(of.id).await?.is_some();
                    becomes_default(NumberType::of(row.operator_id), has_default)
                }
            };
            if known.is_none() {
                hand(&mut tx, &row, Some(of.id)).await?;
            }
            tx.bridge_number_put(number, tenant, of.id, &languages, is_default).await?;
            let of = bridge_must(&mut tx, tenant, bridge).await?;
            put(&mut tx, &of).await?;
            let (_, kept) = number_of(&mut tx, tenant, number).await?;
            done(number_document(&kept), number)
        })
        .await
    }

    /// Unregisters a number of a conference bridge; it is free then.
    ///
    /// # Errors
    /// `bridge_default_number`, `bridge_source_number`, `not_found`, `forbidden`.
    pub async fn conference_number_remove(
        &self,
        cx: &Cx,
        bridge: Uuid,
        number: E164,
    ) -> Result<ConferenceNumber, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "conference_number.unregister", Keep::Answer, async |mut tx| {
            // No route comes to name it meanwhile.
            tx.voice_routing_lock(tenant).await?;
            let (row, _) = number_locked(&mut tx, tenant, number).await?;
            let of = bridge_must(&mut tx, tenant, bridge).await?;
            tx.bridge_touch(tenant, of.id).await?;
            let kept = tx.bridge_number_get(tenant, number).await?;
            let kept = kept.filter(|kept| kept.bridge_id == of.id);
            let kept = kept.ok_or_else(|| not_found("number", number))?;
            let seen = facts(&mut tx, &kept).await?;
            check_unregister(seen).map_err(refusal)?;
            tx.bridge_number_delete(tenant, number).await?;
            hand(&mut tx, &row, None).await?;
            let of = bridge_must(&mut tx, tenant, bridge).await?;
            put(&mut tx, &of).await?;
            done(number_document(&kept), number)
        })
        .await
    }
}

/// A number that a bridge has, in the inventory and at the bridge.
async fn number_of(
    tx: &mut Tx,
    tenant: TenantId,
    number: E164,
) -> Result<(NumberRow, BridgeNumberRow), Fail> {
    let missing = || not_found("number", number);
    let row = tx.number_get(number).await?.filter(|row| row.tenant_id == tenant);
    let kept = tx.bridge_number_get(tenant, number).await?;
    Ok((row.ok_or_else(missing)?, kept.ok_or_else(missing)?))
}
