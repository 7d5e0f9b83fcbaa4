//! The use cases of the compatible face: those of an operator, as the
//! Provisioning API of Azure Communications Gateway words them (design decision
//! 6 and section 9). A number that is synced here is the same row as one that
//! an order uploaded; the same rules decide.

mod accounts;
mod addresses;
mod capability;
mod conditions;
mod draft;
mod filter;
mod numbers;
mod requests;
mod sync;

pub(crate) use capability::plans;
pub use conditions::{Conditions, date};
pub use draft::{AccountDraft, NumberInput};

use crate::act::{invalid, not_found};
use crate::authz::Access;
use crate::{Cx, Exchange};
use api_types::Problem;
use api_types::compat::capability::{AvailableCapabilities, CapabilityPlans};
use api_types::compat::number::NumberIdentifiers;
use api_types::problem::{EntryError, ErrorCode};
use domain::OperatorId;
use numbering::E164;
use serde::{Deserialize, Serialize};
use store::{Db, NumberAccountRow, Span};

/// Most numbers in one batch (the contract's `maxItems`).
pub const MAX_BATCH: usize = 100;
/// Most numbers whose common capabilities are asked for at once.
const MAX_IDENTIFIERS: usize = 1000;

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Entries passed over.
    pub skip: u32,
    /// Entries at most.
    pub take: u32,
    /// Count all that match.
    pub count: bool,
}

impl Slice {
    /// One row more than asked for says whether there are more.
    fn span(self) -> Span {
        Span { skip: self.skip, take: self.take + 1 }
    }
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The entries.
    pub items: Vec<T>,
    /// There are more behind them.
    pub more: bool,
    /// How many match in all, where that was asked for.
    pub total: Option<i64>,
}

impl<T> Listed<T> {
    fn of(mut items: Vec<T>, slice: Slice, total: Option<i64>) -> Self {
        let more = items.len() > slice.take as usize;
        items.truncate(slice.take as usize);
        Self { items, more, total }
    }
}

/// A resource with what conditional requests compare.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tagged<T> {
    /// As it is.
    pub body: T,
    /// Its entity tag without quotes.
    pub tag: String,
    /// When it last changed, microseconds since 1970 UTC.
    pub modified_at: i64,
}

impl<T> Tagged<T> {
    fn current(&self) -> conditions::Current {
        conditions::Current { tag: self.tag.clone(), modified_at: self.modified_at }
    }

    /// For a reader who may have it already.
    fn for_reader(self, conditions: &Conditions) -> Result<Read<T>, Problem> {
        Ok(match conditions.check(Some(&self.current()), true)? {
            conditions::Verdict::Proceed => Read::Whole(self),
            conditions::Verdict::NotModified => Read::Unchanged { tag: self.tag },
        })
    }
}

/// What a reader gets.
#[derive(Clone, Debug)]
pub enum Read<T> {
    /// The resource.
    Whole(Tagged<T>),
    /// The conditions say that the reader has it.
    Unchanged {
        /// Its entity tag without quotes.
        tag: String,
    },
}

/// A refusal, with each of several errors where there are several.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The first of them.
    pub problem: Box<Problem>,
    /// All of them, where there is more than one.
    pub details: Vec<EntryError>,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self { problem: problem.into(), details: Vec::new() }
    }
}

impl Refused {
    /// The first error is the refusal; several are told one by one.
    fn of(errors: Vec<EntryError>) -> Option<Self> {
        let first = errors.first()?;
        let code = ErrorCode::parse(&first.code).unwrap_or(ErrorCode::InvalidField);
        let problem = code.problem(first.field.as_deref(), first.reason.clone());
        let details = if errors.len() > 1 { errors } else { Vec::new() };
        Some(Self { problem: problem.into(), details })
    }
}

/// An account name (the contract's pattern).
fn is_name(text: &str) -> bool {
    is_word(text, 100, "_-")
}

/// 1 to `most` letters, digits and these signs.
fn is_word(text: &str, most: usize, signs: &str) -> bool {
    (1..=most).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

async fn account_must(
    db: &mut Db,
    operator: OperatorId,
    name: &str,
) -> Result<NumberAccountRow, crate::Fail> {
    // A name that cannot be one is nobody's, and no text for a database.
    let row = if is_name(name) { db.number_account_get(operator, name).await? } else { None };
    Ok(row.ok_or_else(|| not_found("account", name.escape_default()))?)
}

impl Exchange {
    /// The capability plans for an account: those of the services the operator offers.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn account_capability_plans(
        &self,
        cx: &Cx,
        account: &str,
    ) -> Result<CapabilityPlans, Problem> {
        let operator = cx.provisioning(Access::Read)?;
        let offer = self
            .view(async |mut db: Db| {
                account_must(&mut db, operator, account).await?;
                Ok(db.offer_get(operator).await?)
            })
            .await?;
        let services = offer.map_or_else(Vec::new, |offer| offer.services.0);
        Ok(CapabilityPlans { capability_plans: capability::plans(&services) })
    }

    /// What all of these numbers could be used for.
    ///
    /// # Errors
    /// `not_found` for the account; `invalid_number` and `invalid_field` name the entry.
    pub async fn account_available_capabilities(
        &self,
        cx: &Cx,
        account: &str,
        asked: NumberIdentifiers,
    ) -> Result<AvailableCapabilities, Refused> {
        let operator = cx.provisioning(Access::Read)?;
        let numbers = identifiers(&asked, MAX_IDENTIFIERS)?;
        self.view(async |mut db: Db| account_must(&mut db, operator, account).await).await?;
        Ok(AvailableCapabilities { available_capabilities: capability::common(&numbers) })
    }
}

/// 1 to `most` numbers, each named once.
fn identifiers(asked: &NumberIdentifiers, most: usize) -> Result<Vec<E164>, Refused> {
    if !(1..=most).contains(&asked.numbers.len()) {
        let reason = format!("there are {} numbers; 1 to {most} are taken", asked.numbers.len());
        return Err(invalid("numbers", reason).into());
    }
    let (mut numbers, mut errors) = (Vec::new(), Vec::new());
    let mut seen = std::collections::HashSet::new();
    for (at, one) in asked.numbers.iter().enumerate() {
        let field = format!("/numbers/{at}/telephoneNumber");
        match E164::parse(&one.telephone_number) {
            Ok(number) if seen.insert(number) => numbers.push(number),
            Ok(number) => {
                let reason = format!("{number} is named before");
                errors.push(ErrorCode::DuplicateEntry.entry(Some(&field), reason));
            }
            Err(error) => {
                errors.push(ErrorCode::InvalidNumber.entry(Some(&field), error.to_string()));
            }
        }
    }
    match Refused::of(errors) {
        None => Ok(numbers),
        Some(refused) => Err(refused),
    }
}
