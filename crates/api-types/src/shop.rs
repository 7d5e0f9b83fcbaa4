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

/// `PUT /operator/v1/storefront` (If-Match required; version 0 before the first).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StorefrontPut {
    /// Tenants with a consent may ask for quotes.
    pub open: bool,
    /// What a buyer agrees to; part of every quote.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub terms: String,
    /// Your own payment page, with `{reference}` where what is to be paid stands, signed;
    /// `{reservation_id}`, `{amount}` and `{currency}` may stand there too.
    #[serde(default)]
    #[schema(max_length = 500, example = "https://pay.alba.example/?order={reference}")]
    pub payment_url: Option<String>,
    /// `manual`: you accept each reservation; `when_paid`: as soon as the payment page says so.
    #[serde(default = "manual")]
    #[schema(pattern = "^(manual|when_paid)$")]
    pub fulfilment: String,
    /// Numbers for which nothing is due are delivered as soon as they are reserved.
    #[serde(default)]
    pub free_at_once: bool,
    /// The tenant may set or change the emergency location of what is delivered.
    #[serde(default = "yes")]
    pub allow_tenant_address_update: bool,
    /// How long a quote is good, a day by default.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 44640)]
    pub quote_minutes: Option<u32>,
    /// How long numbers are held without payment, 16 by default.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10080)]
    pub reservation_minutes: Option<u32>,
}

fn manual() -> String {
    "manual".to_owned()
}

const fn yes() -> bool {
    true
}

/// How an operator sells.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Storefront {
    /// Tenants with a consent may ask for quotes.
    pub open: bool,
    /// What a buyer agrees to.
    pub terms: String,
    /// The payment page.
    pub payment_url: Option<String>,
    /// There is a secret that signs what goes to it and what comes back.
    pub has_secret: bool,
    /// `manual` or `when_paid`.
    pub fulfilment: String,
    /// Numbers for which nothing is due are delivered as soon as they are reserved.
    pub free_at_once: bool,
    /// The tenant may set or change the emergency location of what is delivered.
    pub allow_tenant_address_update: bool,
    /// How long a quote is good.
    pub quote_minutes: u32,
    /// How long numbers are held without payment.
    pub reservation_minutes: u32,
    /// For If-Match.
    pub version: i64,
}

/// A new secret of a storefront, shown once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StorefrontSecret {
    /// `whsec_` and the key in base64, as the Standard Webhooks scheme has it.
    pub secret: String,
    /// The storefront with it.
    pub storefront: Storefront,
}

/// An operator's storefront as tenants see it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Shop {
    /// Whose.
    pub operator_id: Uuid,
    /// Quotes are given.
    pub open: bool,
    /// What a buyer agrees to.
    pub terms: String,
    /// It has a payment page.
    pub pays_online: bool,
    /// How long a quote is good.
    pub quote_minutes: u32,
    /// How long numbers are held without payment.
    pub reservation_minutes: u32,
}

/// `POST /tenant/v1/quotes`: numbers of one operator's stock.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteCreate {
    /// Whose.
    pub operator_id: Uuid,
    /// E.164.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// Blocks; with the numbers at most 1,000.
    #[serde(default)]
    pub ranges: Vec<StockRange>,
    /// The emergency location that they will have.
    #[serde(default)]
    pub location_id: Option<Uuid>,
}

/// What numbers cost, until when. It never changes, and holds no number.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    /// Identity.
    pub id: Uuid,
    /// Whose numbers.
    pub operator_id: Uuid,
    /// The numbers, each with its price.
    pub items: Vec<QuoteItem>,
    /// What is due for all of them; nothing where nothing has an amount.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// What a buyer agrees to.
    pub terms: String,
    /// The emergency location that they will have.
    pub location_id: Option<Uuid>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Until when it can be reserved at this price.
    #[schema(value_type = String, format = DateTime)]
    pub valid_until: Timestamp,
}

/// A number of a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuoteItem {
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
    /// What it costs, in the operator's words.
    pub price_note: String,
    /// What is due for it.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
}

/// `POST /tenant/v1/reservations`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservationCreate {
    /// The quote, whose terms are accepted with this.
    pub quote_id: Uuid,
}

/// `POST /operator/v1/reservations/{reservation_id}/decline`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservationDecline {
    /// Why, for the tenant to read.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Numbers that are held for a tenant, and what becomes of them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Reservation {
    /// Identity.
    pub id: Uuid,
    /// Its quote.
    pub quote_id: Uuid,
    /// For whom.
    pub tenant_id: Uuid,
    /// By whom.
    pub operator_id: Uuid,
    /// `Reserved`, `Paid`, `Accepted` (being delivered), then `Completed`, `Error` (nothing could
    /// be delivered), `Cancelled` (by the tenant), `Declined` (by the operator) or `Expired`.
    pub state: String,
    /// How many numbers.
    pub numbers: u32,
    /// How many of them are in the tenant's inventory.
    pub delivered: u32,
    /// What is due.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Until when the numbers are held without payment.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// It was extended, which can be once.
    pub extended: bool,
    /// The operator's payment page for it; shown to the tenant while it is to be paid.
    pub payment_url: Option<String>,
    /// When the payment page said that it was paid.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paid_at: Option<Timestamp>,
    /// What the payment page calls the payment.
    pub payment_reference: Option<String>,
    /// Why it was declined, or what its delivery waits for.
    pub reason: Option<String>,
    /// The operator's upload order that delivers.
    pub order_id: Option<Uuid>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Its numbers; where one reservation is read.
    pub items: Option<Vec<ReservationItem>>,
}

/// A number of a reservation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReservationItem {
    /// E.164.
    pub number: String,
    /// What is due for it.
    pub amount: Option<String>,
    /// `reserved`, `delivered`, `failed`, or `returned` to stock.
    pub status: String,
    /// Why it failed.
    pub error: Option<EntryError>,
}

/// What an operator's payment page posts, signed by the Standard Webhooks scheme under the
/// storefront's secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PaidCallback {
    /// `reservation.paid`.
    #[serde(rename = "type")]
    #[schema(pattern = r"^reservation\.paid$")]
    pub kind: String,
    /// What was paid.
    pub data: PaidData,
}

/// What was paid.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PaidData {
    /// The reservation.
    pub reservation_id: Uuid,
    /// What the payment page calls the payment.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub payment_reference: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaidAnswer {
    /// The reservation.
    pub reservation_id: Uuid,
    /// Its state by now.
    pub state: String,
}
