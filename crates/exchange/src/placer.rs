//! What is the same for the orders of operators and of tenants: how one is taken, followed by
//! another, and shown. Each side sees its own.

use crate::act::{Fail, Keep, cursor, done, limit, not_found};
use crate::authz::Access;
use crate::orders::{entries_document, order_document};
use crate::placing::{NewOrder, place};
use crate::{Cx, Exchange, ListQuery};
use api_types::number::{NumberOrder, NumberOrderEntry};
use api_types::{Page, Problem};
use domain::order::Side;
use domain::{OperatorId, OrderId, TenantId};
use store::{Db, OrderRow};
use uuid::Uuid;

/// Who places orders.
#[derive(Clone, Copy)]
pub(crate) enum Placer {
    Operator(OperatorId),
    Tenant(TenantId),
}

impl Placer {
    /// The actor, as this side.
    ///
    /// # Errors
    /// `forbidden`.
    pub(crate) fn of(cx: &Cx, side: Side, access: Access) -> Result<Self, Problem> {
        Ok(match side {
            Side::Operator => Self::Operator(cx.operator(access)?),
            Side::Tenant => Self::Tenant(cx.tenant(access)?),
        })
    }

    async fn order(self, db: &mut Db, id: Uuid) -> Result<OrderRow, Fail> {
        let row = db.order_get(OrderId(id)).await?.filter(|row| match self {
            Self::Operator(operator) => row.operator_id == Some(operator),
            Self::Tenant(tenant) => row.operator_id.is_none() && row.tenant_id == tenant,
        });
        Ok(row.ok_or_else(|| not_found("number order", id))?)
    }
}

impl Exchange {
    /// Takes an order; a worker runs its entries.
    pub(crate) async fn order_place(&self, cx: &Cx, new: NewOrder) -> Result<NumberOrder, Problem> {
        let new = &new;
        let order = self
            .act(cx, "number_order.create", Keep::Answer, async |mut tx| {
                let row = place(&mut tx, cx, new).await?;
                let id = row.id;
                done(order_document(row), id)
            })
            .await?;
        self.inner.orders.notify_one();
        Ok(order)
    }

    /// The same for one that follows from another.
    pub(crate) async fn order_follow(
        &self,
        cx: &Cx,
        (side, id): (Side, Uuid),
        action: &'static str,
        follow: impl Fn(&OrderRow) -> Result<NewOrder, Problem> + Send + Sync,
    ) -> Result<NumberOrder, Problem> {
        let (by, follow) = (Placer::of(cx, side, Access::Write)?, &follow);
        let order = self
            .act(cx, action, Keep::Answer, async |mut tx| {
                let order = by.order(&mut tx, id).await?;
                let row = place(&mut tx, cx, &follow(&order)?).await?;
                let id = row.id;
                done(order_document(row), id)
            })
            .await?;
        self.inner.orders.notify_one();
        Ok(order)
    }

    pub(crate) async fn order_show(
        &self,
        cx: &Cx,
        side: Side,
        id: Uuid,
    ) -> Result<NumberOrder, Problem> {
        let by = Placer::of(cx, side, Access::Read)?;
        let row = self.view_as(cx, async |mut db: Db| by.order(&mut db, id).await).await?;
        Ok(order_document(row))
    }

    pub(crate) async fn order_entries(
        &self,
        cx: &Cx,
        (side, id): (Side, Uuid),
        list: ListQuery,
    ) -> Result<Page<NumberOrderEntry>, Problem> {
        let by = Placer::of(cx, side, Access::Read)?;
        let (limit, after) = (limit(&list)?, cursor::<i64>(&list)?);
        let (order, rows) = self
            .view_as(cx, async |mut db: Db| {
                let order = by.order(&mut db, id).await?;
                let rows = db.entry_list(order.id, after, limit + 1).await?;
                Ok((order, rows))
            })
            .await?;
        Ok(entries_document(rows, limit, &order))
    }
}
