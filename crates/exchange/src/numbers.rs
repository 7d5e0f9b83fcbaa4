//! Use cases: numbers.

use crate::*;
use api_types::number::*;

impl Exchange {
    /// The tenant's numbers.
    pub async fn number_list(
        &self,
        cx: &Cx,
        filter: NumberFilter,
        list: ListQuery,
    ) -> Result<Page<Number>, Problem> {
        let _ = (cx, filter, list);
        Err(unbuilt())
    }

    /// One number of the tenant.
    pub async fn number_get(&self, cx: &Cx, number: E164) -> Result<Number, Problem> {
        let _ = (cx, number);
        Err(unbuilt())
    }

    /// Gives a number to a person or a queue.
    pub async fn assignment_put(
        &self,
        cx: &Cx,
        number: E164,
        if_match: Option<i64>,
        to: AssignmentPut,
    ) -> Result<Number, Problem> {
        let _ = (cx, number, if_match, to);
        Err(unbuilt())
    }

    /// Takes it back.
    pub async fn assignment_remove(
        &self,
        cx: &Cx,
        number: E164,
        if_match: Option<i64>,
    ) -> Result<Number, Problem> {
        let _ = (cx, number, if_match);
        Err(unbuilt())
    }

    /// The operator's numbers at all tenants.
    pub async fn operator_number_list(
        &self,
        cx: &Cx,
        filter: NumberFilter,
        list: ListQuery,
    ) -> Result<Page<Number>, Problem> {
        let _ = (cx, filter, list);
        Err(unbuilt())
    }
}
