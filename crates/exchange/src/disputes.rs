//! Use cases: disputes on number authority. One is opened where an operator uploads a number that
//! another operator's tenant holds, by an order (`worker::upload`) or on the compatible face
//! (`compat::sync`).

use crate::act::{
    Fail, Keep, change_other, cursor, done, invalid, limit, new_id, not_found, of_operator, page,
    raced, text, time,
};
use crate::authz::Access;
use crate::{Cx, Exchange, ListQuery};
use api_types::number::{Dispute, DisputeUpdate};
use api_types::{ErrorCode, Page, Problem};
use domain::dispute::{DisputeParty, DisputeRefusal, DisputeState};
use domain::number::NumberType;
use domain::{OperatorId, OrderId, TenantId};
use numbering::E164;
use store::{Db, DisputeRow, Tx, WorldNumberRow};
use uuid::Uuid;

/// As one side sees it, or the programme: the other side's tenant is nobody's business.
pub(crate) fn document(row: DisputeRow, side: Option<OperatorId>) -> Dispute {
    let shown = |operator: OperatorId, tenant: Uuid| {
        side.is_none_or(|side| side == operator).then_some(tenant)
    };
    Dispute {
        id: row.id,
        number: row.number.to_string(),
        state: row.state,
        claimant_id: row.claimant_id.0,
        claimant_name: row.claimant_name,
        claimant_tenant_id: shown(row.claimant_id, row.claimant_tenant.0),
        holder_id: row.holder_id.0,
        holder_name: row.holder_name,
        holder_tenant_id: shown(row.holder_id, row.holder_tenant.0),
        comment: row.comment,
        opened_at: time(row.opened_at),
        closed_at: row.closed_at.map(time),
    }
}

/// Tells both sides.
pub(crate) fn tell(tx: &mut Tx, row: &DisputeRow) {
    for side in [row.claimant_id, row.holder_id] {
        change_other(tx, "number_dispute", row.id, of_operator(side));
    }
}

/// A number that another operator's tenant holds is claimed (design section 9): both sides are
/// told, once while it is open.
pub(crate) async fn open(
    tx: &mut Tx,
    (claimant_id, claimant_tenant): (OperatorId, TenantId),
    order_id: Option<OrderId>,
    held: &WorldNumberRow,
) -> Result<(), Fail> {
    // A Direct Routing number's tenant gives it up itself: there is no operator to contest it.
    let direct = NumberType::of(held.operator_id) == NumberType::DirectRouting;
    if direct || held.operator_id == claimant_id {
        return Ok(());
    }
    let row = DisputeRow {
        id: new_id(),
        number: held.number,
        state: DisputeState::Open.as_str().to_owned(),
        claimant_id,
        claimant_name: String::new(),
        claimant_tenant,
        holder_id: held.operator_id,
        holder_name: String::new(),
        holder_tenant: held.tenant_id,
        order_id,
        comment: None,
        opened_at: tx.at(),
        closed_at: None,
    };
    if tx.dispute_open(&row).await? {
        tell(tx, &row);
    }
    Ok(())
}

/// Takes numbers out of the inventory. Whoever disputed one of them with its holder has what they
/// wanted.
pub(crate) async fn take_out(
    tx: &mut Tx,
    holder: OperatorId,
    numbers: &[E164],
) -> Result<(), Fail> {
    raced(tx.numbers_delete(numbers).await? == numbers.len() as u64)?;
    let (state, at) = (DisputeState::Conceded.as_str(), tx.at());
    for row in tx.disputes_over(numbers, holder).await? {
        let comment = Some("the number was released".to_owned());
        raced(tx.dispute_end(row.id, state, comment, at).await?)?;
        tell(tx, &row);
    }
    Ok(())
}

impl Exchange {
    async fn disputes(
        &self,
        side: Option<OperatorId>,
        list: ListQuery,
    ) -> Result<Page<Dispute>, Problem> {
        let (limit, before) = (limit(&list)?, cursor::<Uuid>(&list)?);
        // A side is shown the other's name, which its own rows do not reach.
        let rows = self
            .view(async move |mut db: Db| Ok(db.dispute_list(side, before, limit + 1).await?))
            .await?;
        Ok(page(rows, limit, |row| row.id, |row| document(row, side)))
    }

    /// Disputes that the operator is a side of, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn operator_dispute_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<Dispute>, Problem> {
        let operator = cx.operator(Access::Read)?;
        self.disputes(Some(operator), list).await
    }

    /// Every dispute, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn dispute_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Dispute>, Problem> {
        cx.programme(Access::Read)?;
        self.disputes(None, list).await
    }

    /// A side ends a dispute: the claimant withdraws, the holder concedes.
    ///
    /// # Errors
    /// `not_found`, `dispute_state`, `invalid_field`, `forbidden`.
    pub async fn operator_dispute_update(
        &self,
        cx: &Cx,
        id: Uuid,
        update: DisputeUpdate,
    ) -> Result<Dispute, Problem> {
        let operator = cx.operator(Access::Write)?;
        self.dispute_end(cx, id, Some(operator), update).await
    }

    /// The programme decides one.
    ///
    /// # Errors
    /// `not_found`, `dispute_state`, `comment_missing`, `invalid_field`, `forbidden`.
    pub async fn dispute_update(
        &self,
        cx: &Cx,
        id: Uuid,
        update: DisputeUpdate,
    ) -> Result<Dispute, Problem> {
        cx.programme(Access::Write)?;
        self.dispute_end(cx, id, None, update).await
    }

    async fn dispute_end(
        &self,
        cx: &Cx,
        id: Uuid,
        side: Option<OperatorId>,
        update: DisputeUpdate,
    ) -> Result<Dispute, Problem> {
        let to =
            DisputeState::parse(&update.state).filter(|to| *to != DisputeState::Open).ok_or_else(
                || invalid("state", "a dispute ends withdrawn, conceded, upheld or rejected"),
            )?;
        let comment = update.comment.as_deref().map(|c| text("comment", c, 1000)).transpose()?;
        let comment = &comment;
        self.act(cx, "number_dispute.end", Keep::Answer, async |mut tx| {
            // Both sides are named in the answer.
            tx.reach_all().await?;
            let row = tx.dispute_get(id).await?;
            let row = row.filter(|row| {
                side.is_none_or(|side| side == row.claimant_id || side == row.holder_id)
            });
            let row = row.ok_or_else(|| not_found("dispute", id))?;
            let by = match side {
                None => DisputeParty::Programme,
                Some(side) if side == row.claimant_id => DisputeParty::Claimant,
                Some(_) => DisputeParty::Holder,
            };
            let now = DisputeState::parse(&row.state).unwrap_or(DisputeState::Rejected);
            now.end(to, by, comment.is_some()).map_err(refused)?;
            let at = tx.at();
            raced(tx.dispute_end(id, to.as_str(), comment.clone(), at).await?)?;
            tell(&mut tx, &row);
            let row = tx.dispute_get(id).await?.ok_or_else(|| not_found("dispute", id))?;
            done(document(row, side), id)
        })
        .await
    }
}

fn refused(refusal: DisputeRefusal) -> Fail {
    let (code, field) = match refusal {
        DisputeRefusal::Over => (ErrorCode::DisputeState, None),
        DisputeRefusal::NotYours => (ErrorCode::DisputeState, Some("/state")),
        DisputeRefusal::CommentMissing => (ErrorCode::CommentMissing, Some("/comment")),
    };
    code.problem(field, refusal.to_string()).into()
}
