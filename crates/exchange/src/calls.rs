//! Use cases: calls.

use crate::*;
use api_types::call::*;

impl Exchange {
    /// The tenant's calls, newest first.
    pub async fn call_list(
        &self,
        cx: &Cx,
        filter: CallFilter,
        list: ListQuery,
    ) -> Result<Page<CallRecord>, Problem> {
        let _ = (cx, filter, list);
        Err(unbuilt())
    }

    /// One call, on whichever face the actor has.
    pub async fn call_get(&self, cx: &Cx, id: Uuid) -> Result<CallRecord, Problem> {
        let _ = (cx, id);
        Err(unbuilt())
    }

    /// The operator's calls, newest first.
    pub async fn operator_call_list(
        &self,
        cx: &Cx,
        filter: CallFilter,
        list: ListQuery,
    ) -> Result<Page<CallRecord>, Problem> {
        let _ = (cx, filter, list);
        Err(unbuilt())
    }

    /// Every call, newest first.
    pub async fn programme_call_list(
        &self,
        cx: &Cx,
        filter: CallFilter,
        list: ListQuery,
    ) -> Result<Page<CallRecord>, Problem> {
        let _ = (cx, filter, list);
        Err(unbuilt())
    }

    /// What would happen to a call, with the rule behind each step.
    pub async fn explain_call(&self, cx: &Cx, ask: ExplainCall) -> Result<Explanation, Problem> {
        let _ = (cx, ask);
        Err(unbuilt())
    }
}
