//! Use cases: orders.

use crate::*;
use api_types::number::*;

impl Exchange {
    /// Takes an order; a worker runs its entries.
    pub async fn number_order_create(
        &self,
        cx: &Cx,
        new: NumberOrderCreate,
    ) -> Result<NumberOrder, Problem> {
        let _ = (cx, new);
        Err(unbuilt())
    }

    /// The operator's orders, newest first.
    pub async fn number_order_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<NumberOrder>, Problem> {
        let _ = (cx, list);
        Err(unbuilt())
    }

    /// One order.
    pub async fn number_order_get(&self, cx: &Cx, id: Uuid) -> Result<NumberOrder, Problem> {
        let _ = (cx, id);
        Err(unbuilt())
    }

    /// Its entries with their results.
    pub async fn number_order_entries(
        &self,
        cx: &Cx,
        id: Uuid,
        list: ListQuery,
    ) -> Result<Page<NumberOrderEntry>, Problem> {
        let _ = (cx, id, list);
        Err(unbuilt())
    }
}
