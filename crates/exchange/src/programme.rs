//! Use cases of the programme owner: operators with all that belongs to them,
//! tenants.

use crate::act::{
    Keep, change, change_other, cursor, done, invalid, limit, matches, new_id, not_found,
    of_operator, page, raced, text, time,
};
use crate::authz::Access;
use crate::listing::{Narrowed, Wanted};
use crate::{Cx, Exchange, ListQuery, records};
use api_types::operator::{
    CallingProfile, CallingProfileCreate, Operator, OperatorCreate, ProfileEmergencyPut, Range,
    RangeCreate, Trunk, TrunkCreate, TrunkUpdate,
};
use api_types::tenant::{Tenant, TenantCreate};
use api_types::{ErrorCode, Page, Problem};
use domain::emergency::{DialString, MOST_DIAL_STRINGS, ProfileEmergency};
use domain::{CallingProfileId, OperatorId, TenantId, TrunkId};
use feed::change::Change;
use numbering::{Country, E164, NumberRange};
use std::net::{IpAddr, SocketAddr};
use store::listing::{OPERATORS, TENANTS};
use store::{CallingProfileRow, Db, Json, OperatorRow, RangeRow, TenantRow, TrunkRow};
use uuid::Uuid;

fn operator_document(row: OperatorRow) -> Operator {
    Operator {
        id: row.id.0,
        name: row.name,
        created_at: time(row.created_at),
        version: row.version,
    }
}

fn trunk_document(row: TrunkRow) -> Trunk {
    Trunk {
        id: row.id.0,
        operator_id: row.operator_id.0,
        fqdn: row.fqdn,
        address: row.address,
        sources: row.sources.0,
        match_port: row.match_port,
        transport: row.transport,
        enabled: row.enabled,
        failover_time_seconds: row.failover_time_seconds,
        options_interval_seconds: row.options_interval_seconds,
        send_options: row.send_options,
        max_uri: row.max_uri,
        single_early_dialog: row.single_early_dialog,
        max_concurrent_calls: row.max_concurrent_calls,
        max_calls_per_second: row.max_calls_per_second,
        version: row.version,
    }
}

fn tenant_document(row: TenantRow) -> Tenant {
    Tenant { id: row.id.0, name: row.name, domain: row.domain, created_at: time(row.created_at) }
}

/// A DNS name of at most `most` characters, lower case.
pub(crate) fn dns_name(field: &str, value: &str, most: usize) -> Result<String, Problem> {
    let name = value.trim().to_ascii_lowercase();
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    if name.len() <= most && name.contains('.') && name.split('.').all(label) {
        Ok(name)
    } else {
        Err(invalid(field, format!("{field} is a DNS name of at most {most} characters")))
    }
}

pub(crate) fn within(
    field: &str,
    value: Option<u32>,
    default: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32, Problem> {
    let value = value.unwrap_or(default);
    if range.contains(&value) {
        Ok(value)
    } else {
        let (least, most) = (range.start(), range.end());
        Err(invalid(field, format!("{field} is {least} to {most}")))
    }
}

/// A limit of calls as a body sets it: left out for the present one, 0 for none.
pub(crate) fn limit_of(
    field: &str,
    value: Option<u32>,
    now: Option<u32>,
) -> Result<Option<u32>, Problem> {
    match value {
        None => Ok(now),
        Some(0) => Ok(None),
        some => within(field, some, 1, 1..=1_000_000).map(Some),
    }
}

pub(crate) fn trunk_parse(operator: OperatorId, new: &TrunkCreate) -> Result<TrunkRow, Problem> {
    let address: SocketAddr = new.address.trim().parse().map_err(|_| {
        invalid("address", "an address is an IP literal with a port, such as 192.0.2.1:5060")
    })?;
    if address.port() == 0 || address.ip().is_unspecified() || address.ip().is_multicast() {
        return Err(invalid("address", "calls cannot be sent to this address"));
    }
    if new.sources.len() > 16 {
        return Err(invalid("sources", "a trunk has at most 16 further addresses"));
    }
    for source in &new.sources {
        source
            .parse::<IpAddr>()
            .map_err(|_| invalid("sources", format!("{source:?} is not an IP address literal")))?;
    }
    let transport = new.transport.as_deref().unwrap_or("udp");
    if !matches!(transport, "udp" | "tcp") {
        return Err(invalid("transport", "a transport is udp or tcp"));
    }
    Ok(TrunkRow {
        id: TrunkId(new_id()),
        operator_id: operator,
        fqdn: dns_name("fqdn", &new.fqdn, 63)?,
        address: address.to_string(),
        sources: Json(new.sources.clone()),
        match_port: new.match_port,
        transport: transport.to_owned(),
        enabled: true,
        send_options: new.send_options.unwrap_or(true),
        options_interval_seconds: within(
            "options_interval_seconds",
            new.options_interval_seconds,
            60,
            1..=3600,
        )?,
        failover_time_seconds: within(
            "failover_time_seconds",
            new.failover_time_seconds,
            10,
            1..=60,
        )?,
        max_uri: within("max_uri", new.max_uri, 256, 64..=4096)?,
        single_early_dialog: new.single_early_dialog,
        max_concurrent_calls: limit_of("max_concurrent_calls", new.max_concurrent_calls, None)?,
        max_calls_per_second: limit_of("max_calls_per_second", new.max_calls_per_second, None)?,
        version: 1,
    })
}

/// Countries of a body, upper case, each once.
pub(crate) fn countries_parse(field: &str, codes: &[String]) -> Result<Vec<Country>, Problem> {
    let mut countries = Vec::with_capacity(codes.len());
    for code in codes {
        let country = Country::parse(code).map_err(|e| invalid(field, format!("{code:?}: {e}")))?;
        if !countries.contains(&country) {
            countries.push(country);
        }
    }
    Ok(countries)
}

pub(crate) async fn operator_must(db: &mut Db, id: OperatorId) -> Result<OperatorRow, crate::Fail> {
    Ok(db.operator_get(id).await?.ok_or_else(|| not_found("operator", id))?)
}

impl Exchange {
    /// Admits an operator.
    pub async fn operator_create(&self, cx: &Cx, new: OperatorCreate) -> Result<Operator, Problem> {
        cx.programme(Access::Write)?;
        let name = text("name", &new.name, 100)?;
        self.act(cx, "operator.create", Keep::Answer, async |mut tx| {
            if tx.operator_named(&name).await?.is_some() {
                let reason = format!("an operator {name:?} was admitted before");
                return Err(ErrorCode::Conflict.problem(Some("/name"), reason).into());
            }
            let row = OperatorRow {
                id: OperatorId(new_id()),
                name: name.clone(),
                created_at: tx.at(),
                version: 1,
            };
            tx.operator_insert(&row).await?;
            change(&mut tx, &Change::OperatorPut(records::operator(&row)));
            let id = row.id;
            done(operator_document(row), id)
        })
        .await
    }

    /// Operators.
    pub async fn operator_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<Operator>, Problem> {
        let list = list.into();
        cx.programme(Access::Read)?;
        let wanted = Wanted::read(&OPERATORS, list, Vec::new())?;
        let rows = self
            .view(async |mut db| Ok(db.operator_page(&wanted.pick, wanted.rows()).await?))
            .await?;
        Ok(wanted.page(rows, operator_document))
    }

    /// One operator.
    pub async fn operator_get(&self, cx: &Cx, operator_id: Uuid) -> Result<Operator, Problem> {
        cx.programme(Access::Read)?;
        let row =
            self.view(async |mut db| operator_must(&mut db, OperatorId(operator_id)).await).await?;
        Ok(operator_document(row))
    }

    /// Adds a trunk.
    pub async fn trunk_create(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        new: TrunkCreate,
    ) -> Result<Trunk, Problem> {
        cx.programme(Access::Write)?;
        let row = trunk_parse(OperatorId(operator_id), &new)?;
        self.act(cx, "trunk.create", Keep::Answer, async |mut tx| {
            operator_must(&mut tx, row.operator_id).await?;
            if tx.trunk_named(&row.fqdn).await?.is_some() {
                let reason = format!("a trunk {:?} exists", row.fqdn);
                return Err(ErrorCode::Conflict.problem(Some("/fqdn"), reason).into());
            }
            crate::gateways::apart(&mut tx, &row).await?;
            tx.trunk_insert(&row).await?;
            change(&mut tx, &Change::TrunkPut(records::trunk(&row)?));
            done(trunk_document(row.clone()), row.id)
        })
        .await
    }

    /// An operator's trunks.
    pub async fn trunk_list(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        list: ListQuery,
    ) -> Result<Page<Trunk>, Problem> {
        cx.programme(Access::Read)?;
        let (limit, after) = (limit(&list)?, cursor(&list)?);
        let operator = OperatorId(operator_id);
        let rows = self
            .view(async |mut db| {
                operator_must(&mut db, operator).await?;
                Ok(db.trunk_list(operator, after, limit + 1).await?)
            })
            .await?;
        Ok(page(rows, limit, |row| row.id.0, trunk_document))
    }

    /// Drains a trunk or takes it back, sets its limits and how it bears forked calls.
    pub async fn trunk_update(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        trunk_id: Uuid,
        if_match: Option<i64>,
        edit: TrunkUpdate,
    ) -> Result<Trunk, Problem> {
        cx.programme(Access::Write)?;
        self.act(cx, "trunk.update", Keep::Answer, async |mut tx| {
            let row = tx.trunk_get(OperatorId(operator_id), TrunkId(trunk_id)).await?;
            let mut row = row.ok_or_else(|| not_found("trunk", trunk_id))?;
            matches(if_match, row.version, true)?;
            row.enabled = edit.enabled.unwrap_or(row.enabled);
            let (calls, rate) = (edit.max_concurrent_calls, edit.max_calls_per_second);
            row.max_concurrent_calls =
                limit_of("max_concurrent_calls", calls, row.max_concurrent_calls)?;
            row.max_calls_per_second =
                limit_of("max_calls_per_second", rate, row.max_calls_per_second)?;
            row.single_early_dialog = edit.single_early_dialog.unwrap_or(row.single_early_dialog);
            raced(tx.trunk_update(&row).await?)?;
            row.version += 1;
            change(&mut tx, &Change::TrunkPut(records::trunk(&row)?));
            done(trunk_document(row), trunk_id)
        })
        .await
    }

    /// Groups trunks.
    pub async fn calling_profile_create(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        new: CallingProfileCreate,
    ) -> Result<CallingProfile, Problem> {
        cx.programme(Access::Write)?;
        let operator = OperatorId(operator_id);
        let name = text("name", &new.name, 100)?;
        let mut trunks: Vec<TrunkId> = Vec::new();
        for id in new.trunk_ids.iter().copied().map(TrunkId) {
            if !trunks.contains(&id) {
                trunks.push(id);
            }
        }
        if trunks.len() < 2 {
            let reason = format!("{} named", trunks.len());
            return Err(ErrorCode::TooFewTrunks.problem(Some("/trunk_ids"), reason));
        }
        self.act(cx, "calling_profile.create", Keep::Answer, async |mut tx| {
            operator_must(&mut tx, operator).await?;
            for trunk in &trunks {
                if tx.trunk_get(operator, *trunk).await?.is_none() {
                    let reason = format!("no trunk {trunk} at this operator");
                    return Err(ErrorCode::UnknownTrunk.problem(Some("/trunk_ids"), reason).into());
                }
            }
            if tx.profile_named(operator, &name).await?.is_some() {
                let reason = format!("the operator has a profile {name:?}");
                return Err(ErrorCode::Conflict.problem(Some("/name"), reason).into());
            }
            let id = CallingProfileId(new_id());
            let row = CallingProfileRow {
                id,
                operator_id: operator,
                name: name.clone(),
                emergency: None,
                version: 1,
            };
            tx.profile_insert(&row, &trunks).await?;
            change(&mut tx, &Change::CallingProfilePut(records::profile(&row, trunks.clone())));
            done(profile_document(row, trunks.clone()), id)
        })
        .await
    }

    /// Which strings a profile's operator takes as emergency, and by which other profile such
    /// calls leave (operator-connect.md section 1.5).
    ///
    /// # Errors
    /// `invalid_field` names the string or the profile; `not_found`, `version_mismatch`,
    /// `version_required`, `forbidden`.
    pub async fn calling_profile_emergency_put(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        profile_id: Uuid,
        if_match: Option<i64>,
        put: ProfileEmergencyPut,
    ) -> Result<CallingProfile, Problem> {
        cx.programme(Access::Write)?;
        let (operator, id) = (OperatorId(operator_id), CallingProfileId(profile_id));
        let said = emergency(id, &put)?;
        self.act(cx, "calling_profile.emergency", Keep::Answer, async |mut tx| {
            let row = tx.profile_get(operator, id).await?;
            let mut row = row.ok_or_else(|| not_found("calling profile", profile_id))?;
            matches(if_match, row.version, true)?;
            if let Some(other) = said.profile {
                let delegate = tx.profile_get(operator, other).await?;
                let Some(delegate) = delegate else {
                    let reason = format!("no calling profile {other} at this operator");
                    return Err(invalid("emergency_profile_id", reason).into());
                };
                if delegate.emergency.is_some_and(|said| said.0.profile.is_some()) {
                    let reason = format!("{other} leaves its emergency calls to another itself");
                    return Err(invalid("emergency_profile_id", reason).into());
                }
                let all = tx.profile_list(operator, None, u32::MAX).await?;
                let of_it = |row: &CallingProfileRow| {
                    row.emergency.as_ref().is_some_and(|said| said.0.profile == Some(id))
                };
                if let Some(other) = all.iter().find(|row| of_it(row)) {
                    let reason = format!("{} leaves its emergency calls to this one", other.id);
                    return Err(invalid("emergency_profile_id", reason).into());
                }
            }
            row.emergency = Some(Json(said.clone()));
            raced(tx.profile_emergency(&row).await?)?;
            row.version += 1;
            let trunks = records::trunks_of(&tx.profile_trunks(Some(operator)).await?, id);
            change(&mut tx, &Change::CallingProfilePut(records::profile(&row, trunks.clone())));
            done(profile_document(row, trunks), id)
        })
        .await
    }

    /// An operator's profiles.
    pub async fn calling_profile_list(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        list: ListQuery,
    ) -> Result<Page<CallingProfile>, Problem> {
        cx.programme(Access::Read)?;
        self.profiles(OperatorId(operator_id), list).await
    }

    /// The operator's own profiles.
    pub async fn operator_calling_profile_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<CallingProfile>, Problem> {
        let operator = cx.operator(Access::Read)?;
        self.profiles(operator, list).await
    }

    async fn profiles(
        &self,
        operator: OperatorId,
        list: ListQuery,
    ) -> Result<Page<CallingProfile>, Problem> {
        let (limit, after) = (limit(&list)?, cursor(&list)?);
        let (rows, trunks) = self
            .view(async |mut db| {
                operator_must(&mut db, operator).await?;
                let rows = db.profile_list(operator, after, limit + 1).await?;
                Ok((rows, db.profile_trunks(Some(operator)).await?))
            })
            .await?;
        Ok(page(
            rows,
            limit,
            |row| row.id.0,
            |row| {
                let trunks = records::trunks_of(&trunks, row.id);
                profile_document(row, trunks)
            },
        ))
    }

    /// Accepts a declared range.
    pub async fn range_create(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        new: RangeCreate,
    ) -> Result<Range, Problem> {
        cx.programme(Access::Write)?;
        let operator = OperatorId(operator_id);
        let end = |field: &'static str, value: &str| {
            E164::parse(value.trim()).map_err(|e| invalid(field, format!("{value:?}: {e}")))
        };
        let (first, last) = (end("first", &new.first)?, end("last", &new.last)?);
        NumberRange::new(first, last)
            .map_err(|e| ErrorCode::RangeInvalid.problem(Some("/last"), e.to_string()))?;
        self.act(cx, "range.create", Keep::Answer, async |mut tx| {
            operator_must(&mut tx, operator).await?;
            tx.ranges_lock().await?;
            if let Some(other) = tx.range_overlapping(first, last).await? {
                let whose = if other.operator_id == operator { "this" } else { "another" };
                let (a, b) = (other.first_number, other.last_number);
                let reason = format!("{whose} operator declared {a} to {b} before");
                return Err(ErrorCode::RangeOverlap.problem(Some("/first"), reason).into());
            }
            let row = RangeRow {
                id: new_id(),
                operator_id: operator,
                first_number: first,
                last_number: last,
            };
            tx.range_insert(&row).await?;
            change_other(&mut tx, "number_range", row.id, of_operator(operator));
            let id = row.id;
            done(range_document(row), id)
        })
        .await
    }

    /// An operator's ranges.
    pub async fn range_list(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        list: ListQuery,
    ) -> Result<Page<Range>, Problem> {
        cx.programme(Access::Read)?;
        let (limit, after) = (limit(&list)?, cursor(&list)?);
        let operator = OperatorId(operator_id);
        let rows = self
            .view(async |mut db| {
                operator_must(&mut db, operator).await?;
                Ok(db.range_list(operator, after, limit + 1).await?)
            })
            .await?;
        Ok(page(rows, limit, |row| row.id, range_document))
    }

    /// Makes a tenant.
    pub async fn tenant_create(&self, cx: &Cx, new: TenantCreate) -> Result<Tenant, Problem> {
        cx.programme(Access::Write)?;
        let name = text("name", &new.name, 100)?;
        let domain = dns_name("domain", &new.domain, 253)?;
        self.act(cx, "tenant.create", Keep::Answer, async |mut tx| {
            if tx.tenant_of_domain(&domain).await?.is_some() {
                let reason = format!("another tenant has the domain {domain}");
                return Err(ErrorCode::Conflict.problem(Some("/domain"), reason).into());
            }
            let row = TenantRow {
                id: TenantId(new_id()),
                name: name.clone(),
                domain: domain.clone(),
                created_at: tx.at(),
                fraud_limits: None,
                trusted_networks: None,
            };
            tx.tenant_insert(&row).await?;
            change(&mut tx, &Change::TenantPut(records::tenant(&row)));
            let id = row.id;
            done(tenant_document(row), id)
        })
        .await
    }

    /// Tenants.
    pub async fn tenant_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<Tenant>, Problem> {
        let list = list.into();
        cx.programme(Access::Read)?;
        let wanted = Wanted::read(&TENANTS, list, Vec::new())?;
        let rows = self
            .view(async |mut db| Ok(db.tenant_page(&wanted.pick, wanted.rows()).await?))
            .await?;
        Ok(wanted.page(rows, tenant_document))
    }
}

/// What is to be said of emergency calls.
fn emergency(id: CallingProfileId, put: &ProfileEmergencyPut) -> Result<ProfileEmergency, Problem> {
    if put.emergency_dial_strings.len() > MOST_DIAL_STRINGS {
        let reason = format!("there are at most {MOST_DIAL_STRINGS} of them");
        return Err(invalid("emergency_dial_strings", reason));
    }
    let mut dial_strings = Vec::with_capacity(put.emergency_dial_strings.len());
    for (at, text) in put.emergency_dial_strings.iter().enumerate() {
        let field = format!("emergency_dial_strings/{at}");
        let digits = DialString::parse(text.trim())
            .ok_or_else(|| invalid(&field, format!("{text:?} is not 1 to 10 digits")))?;
        if dial_strings.contains(&digits) {
            return Err(invalid(&field, format!("{digits} is there twice")));
        }
        dial_strings.push(digits);
    }
    let profile = put.emergency_profile_id.map(CallingProfileId);
    if profile == Some(id) {
        let reason = "a profile leaves emergency calls to another one";
        return Err(invalid("emergency_profile_id", reason));
    }
    Ok(ProfileEmergency { dial_strings, profile })
}

fn profile_document(row: CallingProfileRow, trunks: Vec<TrunkId>) -> CallingProfile {
    let said = row.emergency.map(|said| said.0).unwrap_or_default();
    CallingProfile {
        id: row.id.0,
        operator_id: row.operator_id.0,
        name: row.name,
        trunk_ids: trunks.into_iter().map(|t| t.0).collect(),
        emergency_dial_strings: said.dial_strings.iter().map(ToString::to_string).collect(),
        emergency_profile_id: said.profile.map(|id| id.0),
        version: row.version,
    }
}

fn range_document(row: RangeRow) -> Range {
    Range {
        id: row.id,
        operator_id: row.operator_id.0,
        first: row.first_number.to_string(),
        last: row.last_number.to_string(),
    }
}
