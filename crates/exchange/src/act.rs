//! What every use case shares: one transaction, one audit entry, its changes,
//! its idempotency key; pages; common refusals.

use crate::secret::{base64url, base64url_decode};
use crate::{Cx, Exchange, ListQuery};
use api_types::{ErrorCode, Page, Problem};
use domain::number::NumberType;
use domain::{OperatorId, TenantId};
use feed::change::Change;
use serde::{Serialize, de::DeserializeOwned};
use std::pin::Pin;
use store::{Again, ChangeOwner, Retry, StoreError, Tx};
use uuid::Uuid;

/// Why a transaction ends without effect.
#[derive(Debug)]
pub(crate) enum Fail {
    Refused(Problem),
    Store(StoreError),
}

impl From<Problem> for Fail {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Retry for Fail {
    fn retry(&self) -> Again {
        match self {
            Self::Refused(_) => Again::No,
            Self::Store(error) => error.retry(),
        }
    }
}

impl From<Fail> for Problem {
    fn from(fail: Fail) -> Self {
        match fail {
            Fail::Refused(problem) => problem,
            Fail::Store(error) => store_problem(&error),
        }
    }
}

/// The words of the database stay in the log: they are not the caller's.
pub(crate) fn store_problem(error: &StoreError) -> Problem {
    match error {
        StoreError::Busy(_) => {
            tracing::warn!(%error, "the database is busy");
            ErrorCode::Busy.problem(None, "the database did not take the request in time")
        }
        StoreError::Away(_) => {
            tracing::warn!(%error, "the database is away");
            ErrorCode::DatabaseAway.problem(None, "the database does not answer this node")
        }
        StoreError::Unknown(_) => {
            tracing::error!(%error, "the answer to a commit was lost");
            let reason = "the connection to the database broke at the end: \
                whether the request took effect is unknown";
            Problem {
                remedy: "Read what is there before you repeat it, or repeat it with the same \
                    Idempotency-Key."
                    .to_owned(),
                ..ErrorCode::Busy.problem(None, reason)
            }
        }
        StoreError::Constraint(_) => {
            tracing::warn!(%error, "a constraint refused a use case");
            ErrorCode::Conflict.problem(None, "somebody else changed the same things just now")
        }
        StoreError::Decode { .. } | StoreError::Database(_) => {
            tracing::error!(%error, "a use case failed");
            ErrorCode::Internal.problem(None, "the database refused a statement")
        }
    }
}

/// What a use case hands back: its answer, and what it touched.
pub(crate) struct Done<T> {
    pub(crate) answer: T,
    pub(crate) subject: String,
}

/// Whether an answer may be kept for a repeated idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Answer,
    /// It holds a secret that is shown once: nothing in clear may stay behind.
    Nothing,
}

pub(crate) fn done<T>(answer: T, subject: impl ToString) -> Result<Done<T>, Fail> {
    Ok(Done { answer, subject: subject.to_string() })
}

/// Appends a typed change to the transaction's, for those to read whom it names.
pub(crate) fn change(tx: &mut Tx, change: &Change) {
    change_of(tx, change, owner_of(change));
}

/// The same of something that does not name whose it is.
pub(crate) fn change_of(tx: &mut Tx, change: &Change, owner: ChangeOwner) {
    tx.change_of(serde_json::to_string(change).expect("a change has text keys only"), owner);
}

/// A change of something that routing does not need.
pub(crate) fn change_other(tx: &mut Tx, resource: &str, id: impl ToString, owner: ChangeOwner) {
    change_of(tx, &Change::Other { resource: resource.to_owned(), id: id.to_string() }, owner);
}

/// Nobody's but the house's.
pub(crate) const HOUSE: ChangeOwner = ChangeOwner { tenant: None, operator: None };

/// A tenant's.
pub(crate) const fn of_tenant(tenant: TenantId) -> ChangeOwner {
    ChangeOwner { tenant: Some(tenant), operator: None }
}

/// An operator's.
pub(crate) const fn of_operator(operator: OperatorId) -> ChangeOwner {
    ChangeOwner { tenant: None, operator: Some(operator) }
}

/// Of both sides.
pub(crate) const fn of_both(tenant: TenantId, operator: OperatorId) -> ChangeOwner {
    ChangeOwner { tenant: Some(tenant), operator: Some(operator) }
}

/// Whose a change is, as far as it says so itself.
fn owner_of(change: &Change) -> ChangeOwner {
    match change {
        Change::OperatorPut(operator) => of_operator(operator.id),
        Change::TrunkPut(trunk) => of_operator(trunk.operator),
        Change::CallingProfilePut(profile) => of_operator(profile.operator),
        Change::TenantPut(tenant) => of_tenant(tenant.id),
        Change::UserPut(user) => of_tenant(user.tenant),
        Change::QueuePut(queue) => of_tenant(queue.tenant),
        Change::NumbersPut { numbers } => match numbers.first() {
            Some(first) => {
                debug_assert!(
                    numbers
                        .iter()
                        .all(|n| (n.tenant, n.operator) == (first.tenant, first.operator)),
                    "one change is of one tenant and operator: each reads all of it"
                );
                match NumberType::of(first.operator) {
                    NumberType::OperatorConnect => of_both(first.tenant, first.operator),
                    NumberType::DirectRouting => of_tenant(first.tenant),
                }
            }
            None => HOUSE,
        },
        Change::PolicyPut(policy) => of_tenant(policy.tenant),
        Change::PolicyAssigned(assigned) => of_tenant(assigned.tenant),
        Change::GroupMembers(members) => of_tenant(members.tenant),
        Change::ScreeningPut(screening) => of_tenant(screening.tenant),
        Change::GatewayPut(gateway) => of_tenant(gateway.tenant),
        Change::VoiceRoutingPut(routing) => of_tenant(routing.tenant),
        Change::FallbackPut(fallback) => of_tenant(fallback.tenant),
        Change::BridgePut(bridge) => of_tenant(bridge.tenant),
        Change::CallingSettingsPut(calling) => of_tenant(calling.tenant),
        Change::VoiceTargetsPut(targets) => of_tenant(targets.tenant),
        Change::EmergencyCalled(call) => of_tenant(call.tenant),
        Change::PolicyRemoved { tenant, .. }
        | Change::GroupRemoved { tenant, .. }
        | Change::GatewayRemoved { tenant, .. }
        | Change::BridgeRemoved { tenant, .. } => of_tenant(*tenant),
        Change::ConsentPut { tenant, operator, .. } => of_both(*tenant, *operator),
        Change::OrderProgress { operator, .. } => of_operator(*operator),
        Change::TenantOrderProgress { of_tenant: tenant, .. } => of_tenant(*tenant),
        Change::NumbersRemoved { .. }
        | Change::UserRemoved { .. }
        | Change::QueueRemoved { .. }
        | Change::EdgeKeyPut(_)
        | Change::Other { .. } => HOUSE,
    }
}

impl Exchange {
    /// Runs a use case that writes what the actor reaches. Boxed for the reason that `view` is.
    pub(crate) fn act<'a, T, Work>(
        &'a self,
        cx: &'a Cx,
        action: &'static str,
        keep: Keep,
        work: impl Fn(Tx) -> Work + Send + Sync + 'a,
    ) -> Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + 'a>>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'a,
        Work: Future<Output = Result<Done<T>, Fail>> + Send + 'a,
    {
        Box::pin(async move {
            let work = &work;
            let run = move |mut tx: Tx| async move {
                if let Some((key, hash)) = &cx.idempotency_key {
                    let (at, principal) = (tx.at(), cx.actor.principal);
                    if let Some(before) = tx.idempotency_claim(principal, key, *hash, at).await? {
                        tx.discard();
                        return replay(&before.request_hash, before.response.as_deref(), hash);
                    }
                }
                // Whoever runs the exchange set the window, or mends what cannot wait.
                let role = cx.actor.role;
                if domain::freeze::is_frozen(action)
                    && (role.tenant().is_some() || role.operator().is_some())
                {
                    crate::freezes::check(&mut tx, role.tenant()).await?;
                }
                let back = tx.back();
                let Done { answer, subject } = work(tx).await?;
                let mut tx = back.take().ok_or_else(|| {
                    StoreError::Database(format!("{action} kept its transaction"))
                })?;
                finish(&mut tx, cx, action, keep, &answer, &subject).await?;
                Ok::<T, Fail>(answer)
            };
            Ok(self.inner.store.write_as(cx.reach(), run).await?)
        })
    }
}

/// What every use case leaves behind: its kept answer and its audit entry.
async fn finish<T: Serialize>(
    tx: &mut Tx,
    cx: &Cx,
    action: &str,
    keep: Keep,
    answer: &T,
    subject: &str,
) -> Result<(), StoreError> {
    let principal = cx.actor.principal;
    if let Some((key, _)) = &cx.idempotency_key {
        let kept = match keep {
            Keep::Answer => {
                Some(serde_json::to_string(answer).expect("a document has text keys only"))
            }
            Keep::Nothing => None,
        };
        tx.idempotency_answer(principal, key, kept).await?;
    }
    debug_assert!(!tx.keeps() || tx.changes() > 0, "{action} changed nothing");
    let who = Some((principal, cx.actor.name.as_str()));
    tx.audit(who, action, subject, Some(&cx.request_id)).await
}

fn replay<T: DeserializeOwned>(
    before: &[u8],
    response: Option<&str>,
    hash: &[u8; 32],
) -> Result<T, Fail> {
    if before != hash {
        let reason = "the key came with another method, path or body before";
        return Err(ErrorCode::IdempotencyMismatch.problem(Some("Idempotency-Key"), reason).into());
    }
    let Some(response) = response else {
        let reason = "the first answer to this key held a secret that is shown once";
        return Err(ErrorCode::Conflict.problem(Some("Idempotency-Key"), reason).into());
    };
    serde_json::from_str(response).map_err(|_| {
        Fail::Refused(ErrorCode::Internal.problem(None, "a kept answer cannot be read any more"))
    })
}

/// 1 to 1,000.
pub(crate) fn limit(list: &ListQuery) -> Result<u32, Problem> {
    if (1..=1000).contains(&list.limit) {
        Ok(list.limit)
    } else {
        Err(ErrorCode::InvalidParameter.problem(Some("limit"), "a limit is 1 to 1,000"))
    }
}

/// No text in it has control characters, as no stored text has. PostgreSQL
/// takes no NUL even to compare with.
pub(crate) fn printable(key: &serde_json::Value) -> bool {
    match key {
        serde_json::Value::String(text) => !text.chars().any(char::is_control),
        serde_json::Value::Array(keys) => keys.iter().all(printable),
        _ => true,
    }
}

/// Reads a cursor back into the key it was made of.
pub(crate) fn cursor<K: DeserializeOwned>(list: &ListQuery) -> Result<Option<K>, Problem> {
    let Some(text) = &list.cursor else { return Ok(None) };
    base64url_decode(text)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .filter(printable)
        .and_then(|key| serde_json::from_value(key).ok())
        .map(Some)
        .ok_or_else(|| {
            ErrorCode::InvalidParameter
                .problem(Some("cursor"), "this cursor did not come from a next_cursor of this list")
        })
}

/// A cursor of this key.
pub(crate) fn cursor_of<K: Serialize>(key: K) -> String {
    base64url(&serde_json::to_vec(&key).expect("a key of numbers and texts is JSON"))
}

/// Cuts one row more than the page holds into the page and its cursor.
pub(crate) fn page<R, K: Serialize, T>(
    mut rows: Vec<R>,
    limit: u32,
    key: impl Fn(&R) -> K,
    document: impl FnMut(R) -> T,
) -> Page<T> {
    let most = limit as usize;
    let more = rows.len() > most;
    rows.truncate(most);
    let next_cursor = rows.last().filter(|_| more).map(|row| cursor_of(key(row)));
    Page { items: rows.into_iter().map(document).collect(), next_cursor }
}

/// There is no such thing, or it is not the actor's to see.
pub(crate) fn not_found(what: &str, id: impl std::fmt::Display) -> Problem {
    ErrorCode::NotFound.problem(None, format!("there is no {what} {id} here"))
}

/// If-Match against the version that is there.
pub(crate) fn matches(if_match: Option<i64>, version: i64, required: bool) -> Result<(), Problem> {
    match if_match {
        Some(given) if given == version => Ok(()),
        Some(given) => Err(ErrorCode::VersionMismatch.problem(
            Some("If-Match"),
            format!("you hold version {given}, it is at version {version}"),
        )),
        None if required => Err(ErrorCode::VersionRequired
            .problem(Some("If-Match"), format!("it is at version {version}"))),
        None => Ok(()),
    }
}

/// A compare-and-set found another version than was read in this transaction:
/// somebody was faster, and the closure is run again.
pub(crate) fn raced(won: bool) -> Result<(), Fail> {
    if won {
        Ok(())
    } else {
        Err(Fail::Store(StoreError::Constraint("another version was written meanwhile".into())))
    }
}

/// Text of 1 to `most` characters, trimmed.
pub(crate) fn text(field: &str, value: &str, most: usize) -> Result<String, Problem> {
    let value = value.trim();
    if (1..=most).contains(&value.chars().count()) && !value.chars().any(char::is_control) {
        Ok(value.to_owned())
    } else {
        let reason = format!("{field} is 1 to {most} characters long, without control characters");
        Err(ErrorCode::InvalidField.problem(Some(&format!("/{field}")), reason))
    }
}

/// A refusal of a field of the body.
pub(crate) fn invalid(field: &str, reason: impl Into<String>) -> Problem {
    ErrorCode::InvalidField.problem(Some(&format!("/{field}")), reason)
}

/// A new public id.
pub(crate) fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Stored microseconds as a time.
pub(crate) fn time(us: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(us).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Now, in stored microseconds.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_commit_says_so() {
        let problem = store_problem(&StoreError::Unknown("broken pipe".into()));
        assert_eq!((problem.code.as_str(), problem.status), ("busy", 503));
        assert!(problem.reason.contains("unknown"), "{problem}");
        assert!(problem.remedy.starts_with("Read"), "{problem}");
        assert_eq!(Fail::Store(StoreError::Unknown(String::new())).retry(), Again::No);
    }
}
