//! Use case: explain a number. How it stands, and what may be done to it now and why not: the rules
//! that the use cases run are asked, over what those would read.

use crate::act::{Fail, not_found, now, time};
use crate::authz::Access;
use crate::bulk::edit_error;
use crate::consents::{consent_word, relationship_word};
use crate::disputes;
use crate::freezes::frozen;
use crate::numbers::{
    account_facts, assign_facts, block_of, block_refusal, hold_refusal, number_document, refusal,
};
use crate::orders::{refusal_code, upload_context};
use crate::{Cx, Exchange, lines};
use api_types::number::{NumberAct, NumberExplained, OpenOrder};
use api_types::{ErrorCode, Problem};
use domain::act::{Act, ActFacts, ActRefusal, may};
use domain::assign::Assignee;
use domain::line::{AssignmentCategory, Lines};
use domain::number::{NumberType, Usage};
use domain::order::{OrderKind, Side};
use domain::upload::{UploadEntry, check_entry, check_order};
use domain::{LocationId, OperatorId, ResourceAccountId, TenantId, UserId};
use numbering::{Country, E164, NumberKind, describe};
use store::{ConsentRow, Db, NumberRow, OpenOrderRow};
use uuid::Uuid;

/// What is asked beside the number.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberQuestion {
    /// A tenant asks: could this person have it?
    pub user_id: Option<Uuid>,
    /// A tenant asks: could this queue have it?
    pub resource_account_id: Option<Uuid>,
    /// A tenant asks: as this?
    pub category: Option<AssignmentCategory>,
    /// A tenant asks: at this location?
    pub location_id: Option<Uuid>,
    /// An operator asks: could it be uploaded to this tenant?
    pub tenant_id: Option<Uuid>,
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    Tenant(TenantId),
    Operator(OperatorId),
    Programme,
}

impl Asker {
    const fn operator(self) -> Option<OperatorId> {
        match self {
            Self::Operator(operator) => Some(operator),
            _ => None,
        }
    }

    const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Tenant(tenant) => Some(tenant),
            _ => None,
        }
    }

    /// Whose acts are shown: everybody's own, and the programme all. A tenant is told, too, when
    /// its operator may take the number away.
    fn is_shown(self, act: Act) -> bool {
        match self {
            Self::Programme => true,
            Self::Tenant(_) => act.side() == Side::Tenant || act == Act::Release,
            Self::Operator(_) => act.side() == Side::Operator,
        }
    }
}

const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Tenant => "tenant",
        Side::Operator => "operator",
    }
}

fn verdict(act: &str, side: Side, refused: Result<(), Problem>) -> NumberAct {
    let problem = refused.err();
    let part = |part: fn(Problem) -> String| problem.clone().map(part);
    NumberAct {
        act: act.to_owned(),
        by: side_word(side).to_owned(),
        may: problem.is_none(),
        code: part(|p| p.code),
        field: problem.as_ref().and_then(|p| p.field.clone()),
        reason: part(|p| p.reason),
        remedy: part(|p| p.remedy),
    }
}

fn act_refusal(why: ActRefusal) -> Problem {
    match why {
        ActRefusal::Assign(why) => refusal(why),
        ActRefusal::Hold(why) => hold_refusal(why),
        ActRefusal::Block(why) => block_refusal(why),
        ActRefusal::Tag(why) => ErrorCode::TooManyTags.problem(Some("/tags"), why.to_string()),
        ActRefusal::Edit(why) => {
            let entry = edit_error(why);
            let code = ErrorCode::parse(&entry.code).unwrap_or(ErrorCode::Internal);
            code.problem(entry.field.map(|field| format!("/{field}")).as_deref(), entry.reason)
        }
    }
}

fn order_document(row: OpenOrderRow) -> OpenOrder {
    let side = if row.operator_id.is_some() { Side::Operator } else { Side::Tenant };
    OpenOrder {
        id: row.id.0,
        kind: row.kind,
        status: row.status,
        by: side_word(side).to_owned(),
        created_at: time(row.created_at),
    }
}

/// Of what the asker may see of it.
struct Seen {
    row: Option<NumberRow>,
    consent: Option<ConsentRow>,
    /// The operator in whose declared range it lies.
    declared: Option<OperatorId>,
}

/// What the rules want to know of a number that is held.
async fn facts(
    db: &mut Db,
    row: &NumberRow,
    consent: Option<&ConsentRow>,
    ask: NumberQuestion,
    tags: usize,
    at: i64,
) -> Result<ActFacts, Fail> {
    let tenant = row.tenant_id;
    let assignee = match (ask.user_id, ask.resource_account_id) {
        (Some(user), _) => {
            let found = db.person_get(tenant, UserId(user)).await?.ok_or_else(|| {
                let reason = format!("no user {user} in this tenant");
                ErrorCode::UnknownUser.problem(Some("user_id"), reason)
            })?;
            lines::user_facts(&found, row.number)
        }
        (None, Some(account)) => {
            let found = db.account_get(tenant, ResourceAccountId(account)).await?;
            account_facts(&found.ok_or_else(|| {
                let reason = format!("no resource account {account} in this tenant");
                ErrorCode::UnknownAccount.problem(Some("resource_account_id"), reason)
            })?)
        }
        // Somebody who could have one: what refuses then is the number's own.
        (None, None) => match row.usage {
            Usage::FirstPartyAppAssignment => {
                Assignee::ResourceAccount { licensed: true, has_number: false }
            }
            Usage::CallingUserAssignment | Usage::ConferenceAssignment => {
                Assignee::User { licensed: true, lines: Lines::default() }
            }
        },
    };
    let country_of = async |db: &mut Db, id: Option<LocationId>| -> Result<Option<Country>, Fail> {
        let Some(id) = id else { return Ok(None) };
        let found = db.location_get(tenant, id).await?.ok_or_else(|| {
            let reason = format!("no location {id} in this tenant");
            ErrorCode::UnknownLocation.problem(Some("location_id"), reason)
        })?;
        Ok(Some(found.country))
    };
    let named = ask.location_id.map(LocationId);
    let named_country = country_of(db, named).await?;
    let own_country = country_of(db, row.location_id).await?;
    let place = match named {
        Some(named) => (Some(named), named_country),
        None => (row.location_id, own_country),
    };
    let trunks = db.profile_trunks(Some(row.operator_id)).await?;
    let usable = trunks.iter().filter(|t| t.profile_id == row.profile_id && t.enabled).count();
    let assign = assign_facts(row, consent.map(|c| c.status), place, block_of(row), at);
    let same_holder = ask.user_id.is_some() && row.person_id.map(|id| id.0) == ask.user_id;
    Ok(ActFacts {
        assign: lines::as_line(assign, row, ask.category, same_holder),
        assignee,
        has_person: row.person_id.is_some(),
        has_location: row.location_id.is_some(),
        // Where none is named, another one in the number's country is meant.
        new_location_in_country: named_country.is_none_or(|c| c == row.country),
        new_location_differs: named.is_none_or(|named| Some(named) != row.location_id),
        location_in_country: own_country.is_none_or(|c| c == row.country),
        toll_free: describe(row.number).kind == NumberKind::TollFree,
        tags,
        block: block_of(row),
        now: at,
        profile_usable: usable >= 2,
    })
}

impl Exchange {
    /// Explains a number of the tenant's inventory.
    ///
    /// # Errors
    /// `not_found`, `unknown_user`, `unknown_account`, `unknown_location`, `invalid_parameter`,
    /// `forbidden`.
    pub async fn number_explain(
        &self,
        cx: &Cx,
        number: E164,
        ask: NumberQuestion,
    ) -> Result<NumberExplained, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        if ask.user_id.is_some() && ask.resource_account_id.is_some() {
            let reason = "a number is given to a person or to a queue";
            return Err(ErrorCode::InvalidParameter.problem(Some("user_id"), reason));
        }
        self.explained(cx, Asker::Tenant(tenant), number, ask).await
    }

    /// Explains a number that the operator has given to a tenant, or that lies in its ranges.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn operator_number_explain(
        &self,
        cx: &Cx,
        number: E164,
        ask: NumberQuestion,
    ) -> Result<NumberExplained, Problem> {
        let operator = cx.operator(Access::Read)?;
        self.explained(cx, Asker::Operator(operator), number, ask).await
    }

    /// Explains any number that somebody has or that lies in a declared range.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn programme_number_explain(
        &self,
        cx: &Cx,
        number: E164,
    ) -> Result<NumberExplained, Problem> {
        cx.programme(Access::Read)?;
        self.explained(cx, Asker::Programme, number, NumberQuestion::default()).await
    }

    async fn explained(
        &self,
        cx: &Cx,
        asker: Asker,
        number: E164,
        ask: NumberQuestion,
    ) -> Result<NumberExplained, Problem> {
        // Whose it is, and whether it can be held, lies behind both walls; what is shown is chosen
        // below.
        self.view(async move |mut db: Db| {
            let at = now();
            let seen = look(&mut db, asker, number).await?;
            let writes = match asker {
                Asker::Tenant(_) => cx.tenant(Access::Write).map(|_| ()),
                Asker::Operator(_) => cx.operator(Access::Write).map(|_| ()),
                Asker::Programme => Ok(()),
            };
            tell(&mut db, asker, number, ask, seen, &writes, at).await
        })
        .await
    }
}

/// What the asker may see, or that there is no such number here.
async fn look(db: &mut Db, asker: Asker, number: E164) -> Result<Seen, Fail> {
    let held = db.number_get(number).await?;
    let declared = db.range_overlapping(number, number).await?.map(|range| range.operator_id);
    let row = held.filter(|row| match asker {
        Asker::Tenant(tenant) => row.tenant_id == tenant,
        Asker::Operator(operator) => row.operator_id == operator,
        Asker::Programme => true,
    });
    let declared = match asker {
        // Ranges are between operators and the programme.
        Asker::Tenant(_) => None,
        Asker::Operator(operator) => declared.filter(|own| *own == operator),
        Asker::Programme => declared,
    };
    if row.is_none() && declared.is_none() {
        return Err(not_found("number", number).into());
    }
    let consent = match &row {
        Some(row) => db.consent_get(row.tenant_id, row.operator_id).await?,
        None => None,
    };
    Ok(Seen { row, consent, declared })
}

async fn tell(
    db: &mut Db,
    asker: Asker,
    number: E164,
    ask: NumberQuestion,
    seen: Seen,
    writes: &Result<(), Problem>,
    at: i64,
) -> Result<NumberExplained, Fail> {
    let Seen { row, consent, declared } = seen;
    let described = describe(number);
    let side = asker.operator();
    let is_party = asker.tenant().is_none();
    let found = if is_party { db.disputes_of_number(number, side).await? } else { Vec::new() };
    let orders = db.orders_open_of_number(number, side, asker.tenant()).await?;
    let mut told = NumberExplained {
        number: number.to_string(),
        state: if row.is_some() { "held" } else { "declared" }.to_owned(),
        tenant_id: None,
        operator_id: declared.map(|id| id.0),
        operator_name: None,
        number_type: None,
        country: described.country.map(|country| country.to_string()),
        kind: kind_word(described.kind).to_owned(),
        known_range: described.known_range,
        usage: None,
        activation_state: None,
        assignment_status: None,
        assigned_to_id: None,
        assigned_to_name: None,
        assignment_category: None,
        calling_profile_id: None,
        location_id: None,
        location_update_supported: None,
        assignment_blocked_state: None,
        assignment_blocked_until: None,
        tags: Vec::new(),
        acquired_at: None,
        move_id: None,
        consent_status: None,
        relationship_status: None,
        disputes: found.into_iter().map(|row| disputes::document(row, side)).collect(),
        change_freeze: None,
        change_freeze_until: None,
        open_orders: orders.into_iter().map(order_document).collect(),
        acts: Vec::new(),
    };
    let Some(row) = row else {
        if let Some(own) = declared {
            told.operator_name = db.operator_get(own).await?.map(|own| own.name);
        }
        if let (Some(operator), Some(tenant)) = (side, ask.tenant_id) {
            let may = upload(db, operator, TenantId(tenant), number, at).await?;
            let may = writes.clone().and(may);
            told.acts.push(verdict(OrderKind::Upload.as_str(), Side::Operator, may));
        }
        return Ok(told);
    };
    let tenant = row.tenant_id;
    let tags: Vec<String> = db.tags_of(&[number]).await?.into_iter().map(|tag| tag.name).collect();
    let facts = facts(db, &row, consent.as_ref(), ask, tags.len(), at).await?;
    let window = db.freeze_open(Some(tenant), at).await?;
    let freeze = window.as_ref().map(frozen);
    // No operator has anything to do with a Direct Routing number.
    let direct = NumberType::of(row.operator_id) == NumberType::DirectRouting;
    let is_shown = |act: &Act| asker.is_shown(*act) && !(direct && act.side() == Side::Operator);
    for act in Act::ALL.iter().copied().filter(is_shown) {
        // As in the use cases: who may not act is told so, then what is frozen, then the rules.
        let own = match asker {
            Asker::Tenant(_) => act.side() == Side::Tenant,
            Asker::Operator(_) => act.side() == Side::Operator,
            Asker::Programme => false,
        };
        let allowed = if own { writes.clone() } else { Ok(()) };
        let refused = allowed
            .and_then(|()| match &freeze {
                Some(frozen) if act.can_be_frozen() => Err(frozen.clone()),
                _ => Ok(()),
            })
            .and_then(|()| may(act, &facts).map_err(act_refusal));
        told.acts.push(verdict(act.as_str(), act.side(), refused));
    }
    told.move_id = row.move_id.map(|id| id.0);
    told.consent_status = consent.as_ref().map(|c| consent_word(c.status).to_owned());
    told.relationship_status =
        consent.as_ref().map(|c| relationship_word(c.relationship).to_owned());
    if let Some(window) = window {
        told.change_freeze_until = Some(time(window.ends_at));
        told.change_freeze = Some(window.name);
    }
    let by_tenant = asker.tenant().is_some();
    let shown = number_document(row, if by_tenant { tags } else { Vec::new() });
    told.tenant_id = Some(shown.tenant_id);
    told.operator_id = Some(shown.operator_id);
    told.operator_name = Some(shown.operator_name);
    told.number_type = Some(shown.number_type);
    told.country = Some(shown.country);
    told.usage = Some(shown.usage);
    told.activation_state = Some(shown.activation_state);
    told.assignment_status = Some(shown.assignment_status);
    // The tenant's people and its words are its own.
    told.assigned_to_id = shown.assigned_to_id.filter(|_| by_tenant);
    told.assigned_to_name = shown.assigned_to_name.filter(|_| by_tenant);
    told.assignment_category = shown.assignment_category.filter(|_| by_tenant);
    told.calling_profile_id = Some(shown.calling_profile_id);
    told.location_id = shown.location_id;
    told.location_update_supported = Some(shown.location_update_supported);
    told.assignment_blocked_state = Some(shown.assignment_blocked_state);
    told.assignment_blocked_until = shown.assignment_blocked_until;
    told.tags = shown.tags;
    told.acquired_at = Some(shown.acquired_at);
    Ok(told)
}

const fn kind_word(kind: NumberKind) -> &'static str {
    match kind {
        NumberKind::Geographic => "geographic",
        NumberKind::Mobile => "mobile",
        NumberKind::TollFree => "toll_free",
        NumberKind::Other => "other",
    }
}

/// Could the operator upload it to this tenant, over any of its usable profiles, for people where
/// it can be and for queues otherwise, the tenant setting the location?
async fn upload(
    db: &mut Db,
    operator: OperatorId,
    tenant: TenantId,
    number: E164,
    at: i64,
) -> Result<Result<(), Problem>, Fail> {
    let consent = db.consent_get(tenant, operator).await?;
    // Without a consent the tenant's own windows are hidden, the programme's are not.
    let whose = consent.as_ref().map(|_| tenant);
    if let Some(window) = db.freeze_open(whose, at).await? {
        return Ok(Err(frozen(&window)));
    }
    let located = db.location_any(tenant).await?;
    let context = upload_context(operator, tenant, consent.as_ref(), located);
    let refused = |refusal| {
        let (code, field) = refusal_code(refusal);
        let field = field.map(|field| format!("/{field}"));
        code.problem(field.as_deref(), refusal.to_string())
    };
    if let Err(refusal) = check_order(&context) {
        return Ok(Err(refused(refusal)));
    }
    let described = describe(number);
    let Some(country) = described.country else {
        let reason = format!("the digits of {number} name no country");
        return Ok(Err(ErrorCode::CountryUnknown.problem(Some("/country"), reason)));
    };
    let toll_free = described.kind == NumberKind::TollFree;
    let mut usable = std::collections::HashMap::new();
    for trunk in db.profile_trunks(Some(operator)).await? {
        *usable.entry(trunk.profile_id).or_insert(0) += usize::from(trunk.enabled);
    }
    let entry = UploadEntry {
        number,
        country,
        usage: if toll_free {
            Usage::FirstPartyAppAssignment
        } else {
            Usage::CallingUserAssignment
        },
        toll_free,
        has_location: false,
        location_known: true,
        tenant_may_update_location: true,
        profile_usable: usable.values().any(|trunks| *trunks >= 2),
        in_declared_range: true,
        reserved: db.stock_is_reserved(operator, number).await?,
        held_by: db.number_get(number).await?.map(|held| (held.operator_id, held.tenant_id)),
    };
    Ok(check_entry(&context, &entry).map_err(refused))
}
