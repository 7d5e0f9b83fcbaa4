//! Number shopping: what operators have in stock, and what tenants find there.

use crate::problem::EntryError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /operator/v1/stock`: numbers that are offered from now on. What stands beside the entries
/// and ranges holds for all of them unless one says otherwise.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockPut {
    /// The calling profile that they will have.
    #[serde(default)]
    pub calling_profile_id: Option<Uuid>,
    /// Where the digits do not tell it.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: Option<String>,
    /// City, region or network, as tenants search for it; upper and lower case are the same.
    #[serde(default)]
    #[schema(max_length = 64, example = "London")]
    pub area: Option<String>,
    /// `Geographic`, `Mobile`, `TollFree` or `Other`; as the digits tell it if left out.
    #[serde(default)]
    #[schema(pattern = "^(Geographic|Mobile|TollFree|Other)$")]
    pub kind: Option<String>,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`.
    #[serde(default)]
    #[schema(
        pattern = "^(CallingUserAssignment|FirstPartyAppAssignment|ConferenceAssignment|ConferenceAssigned)$"
    )]
    pub usage: Option<String>,
    /// What they cost, in your words. Nothing is billed here.
    #[serde(default)]
    #[schema(max_length = 200, example = "5 a month, 12 months at least")]
    pub price_note: Option<String>,
    /// What is due at your payment page before a number is delivered; nothing if left out.
    #[serde(default)]
    #[schema(pattern = r"^[0-9]{1,9}(\.[0-9]{1,4})?$", example = "12.50")]
    pub amount: Option<String>,
    /// ISO 4217; together with `amount`.
    #[serde(default)]
    #[schema(pattern = "^[A-Z]{3}$", example = "GBP")]
    pub currency: Option<String>,
    /// Numbers, one by one.
    #[serde(default)]
    pub entries: Vec<StockEntry>,
    /// Numbers from one to another; with the entries at most 10,000.
    #[serde(default)]
    pub ranges: Vec<StockRange>,
    /// Check everything, change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// One number that is offered.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockEntry {
    /// E.164.
    #[schema(example = "+442079460000")]
    pub number: String,
    /// Instead of what holds for all.
    #[serde(default)]
    pub calling_profile_id: Option<Uuid>,
    /// Instead of what holds for all.
    #[serde(default)]
    pub country: Option<String>,
    /// Instead of what holds for all.
    #[serde(default)]
    pub area: Option<String>,
    /// Instead of what holds for all.
    #[serde(default)]
    pub kind: Option<String>,
    /// Instead of what holds for all.
    #[serde(default)]
    pub usage: Option<String>,
    /// Instead of what holds for all.
    #[serde(default)]
    pub price_note: Option<String>,
    /// Instead of what holds for all.
    #[serde(default)]
    pub amount: Option<String>,
    /// Instead of what holds for all.
    #[serde(default)]
    pub currency: Option<String>,
}

/// Numbers that follow one another, both ends included.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockRange {
    /// E.164.
    #[schema(example = "+442079460000")]
    pub first: String,
    /// E.164, of as many digits.
    #[schema(example = "+442079460099")]
    pub last: String,
}

/// `POST /operator/v1/stock/withdraw`: numbers that are offered no more.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockWithdraw {
    /// E.164.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// Whatever is in stock within them; with the numbers at most 10,000.
    #[serde(default)]
    pub ranges: Vec<StockRange>,
}

/// What became of numbers that were to be offered or withdrawn: good ones are done, bad ones say
/// why.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StockResult {
    /// Changed nothing.
    pub dry_run: bool,
    /// Numbers in all.
    pub total: u32,
    /// Those that are done.
    pub succeeded: u32,
    /// Those that are not.
    pub failed: u32,
    /// The first 1,000 of those that are not, in their order.
    pub errors: Vec<StockError>,
}

/// A number that could not be offered or withdrawn.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StockError {
    /// As it was written.
    pub number: String,
    /// Its line in the file.
    pub line: Option<u32>,
    /// The column to blame, by its header.
    pub column: Option<String>,
    /// Why.
    pub error: EntryError,
}

/// A number in an operator's stock.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Stock {
    /// E.164.
    pub number: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// City, region or network.
    pub area: String,
    /// `Geographic`, `Mobile`, `TollFree` or `Other`.
    pub kind: String,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`.
    pub usage: String,
    /// The calling profile that it will have.
    pub calling_profile_id: Uuid,
    /// What it costs, in the operator's words.
    pub price_note: String,
    /// What is due before it is delivered.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The reservation that holds it.
    pub reservation_id: Option<Uuid>,
    /// Since when it has been offered like this.
    #[schema(value_type = String, format = DateTime)]
    pub listed_at: Timestamp,
}

/// How much an operator has in stock.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StockCounts {
    /// By country and kind.
    pub counts: Vec<StockCount>,
}

/// Numbers of a kind in a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockCount {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// `Geographic`, `Mobile`, `TollFree` or `Other`.
    pub kind: String,
    /// Free to be reserved.
    pub available: u32,
    /// Held by reservations.
    pub reserved: u32,
}

/// A number that can be had, or as many as were asked for that follow one another and differ in
/// nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShopNumber {
    /// The number, or the first of them, E.164.
    pub first: String,
    /// The last of them; the same where it is one.
    pub last: String,
    /// How many.
    pub count: u32,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// City, region or network, in the operator's words.
    pub area: String,
    /// `Geographic`, `Mobile`, `TollFree` or `Other`.
    pub kind: String,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`.
    pub usage: String,
    /// What each costs, in the operator's words.
    pub price_note: String,
    /// What is due for each at the operator's payment page before it is delivered.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
}
