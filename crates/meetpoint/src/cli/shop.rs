//! `meetpoint stock …` of operators, `meetpoint shop …` of tenants.

use super::{
    client::{Client, Narrowed, Paging},
    error::CliError,
    numbers::order::{only_profile, read_bytes},
    output::{self, Columns},
};
use api_types::shop::{
    QuoteCreate, ReservationCreate, ReservationDecline, StockEntry, StockPut, StockRange,
    StockResult, StockWithdraw, StorefrontPut,
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use uuid::Uuid;

const STOCK: &str = "/operator/v1/stock";
const STOREFRONT: &str = "/operator/v1/storefront";
const SOLD: &str = "/operator/v1/reservations";
const BOUGHT: &str = "/tenant/v1/reservations";

/// `meetpoint stock …`.
#[derive(Debug, Subcommand)]
pub enum StockAction {
    /// What you have in stock
    List {
        #[command(flatten)]
        list: Narrowed,
    },
    /// How much you have in stock, by country and kind
    Counts,
    /// Offer numbers, ranges of them, or those of a CSV file; ones in stock are edited
    Add(Box<Add>),
    /// Offer numbers no more, but for those that a tenant has reserved
    Withdraw {
        /// Numbers, or ranges as `+442079460000..+442079460099`
        #[arg(required = true)]
        numbers: Vec<String>,
    },
    /// How you sell
    Storefront,
    /// Say how you sell; what is left out is as if it was never said
    Sell(Box<Sell>),
    /// Another secret for your payment page, shown this once
    Secret,
    /// Reservations of your stock, newest first
    Reservations {
        #[command(flatten)]
        list: Narrowed,
    },
    /// One reservation with its numbers
    Reservation {
        /// Its id
        reservation: Uuid,
    },
    /// Deliver a reservation, paid or not
    Accept {
        /// Its id
        reservation: Uuid,
    },
    /// Do not deliver a reservation; its numbers go back into stock
    Decline {
        /// Its id
        reservation: Uuid,
        /// Why, for the tenant to read
        #[arg(long)]
        reason: String,
    },
}

/// `meetpoint stock sell`.
#[derive(Debug, Args)]
pub struct Sell {
    /// Give no quotes
    #[arg(long)]
    closed: bool,
    /// What a buyer agrees to
    #[arg(long, default_value = "")]
    terms: String,
    /// Your payment page, with `{reference}` where what is to be paid stands
    #[arg(long, value_name = "PAGE")]
    payment_url: Option<String>,
    /// Deliver as soon as it is paid, instead of when you accept
    #[arg(long, requires = "payment_url")]
    when_paid: bool,
    /// Deliver at once where nothing is due
    #[arg(long)]
    free_at_once: bool,
    /// Keep tenants from setting the emergency location
    #[arg(long)]
    locations_fixed: bool,
    /// How long a quote is good
    #[arg(long, value_name = "MINUTES")]
    quote_minutes: Option<u32>,
    /// How long numbers are held without payment
    #[arg(long, value_name = "MINUTES")]
    reservation_minutes: Option<u32>,
}

/// `meetpoint stock add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Numbers, or ranges as `+442079460000..+442079460099`
    #[arg(required_unless_present = "file")]
    numbers: Vec<String>,
    /// A CSV file with a header; `-` is stdin. Columns: number, last, country, area, kind, usage,
    /// calling_profile_id, price_note, amount, currency
    #[arg(long, value_name = "FILE", conflicts_with = "numbers")]
    file: Option<PathBuf>,
    /// Which header means what: `number:Phone,area:#3`
    #[arg(long, requires = "file")]
    columns: Option<String>,
    /// Calling profile, by name or id; may be left out where there is one only
    #[arg(long)]
    profile: Option<String>,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`
    #[arg(long, default_value = "CallingUserAssignment")]
    usage: String,
    /// Country, where the digits do not tell it
    #[arg(long)]
    country: Option<String>,
    /// City, region or network
    #[arg(long)]
    area: Option<String>,
    /// `Geographic`, `Mobile`, `TollFree` or `Other`; as the digits tell it if left out
    #[arg(long)]
    kind: Option<String>,
    /// What they cost, in your words
    #[arg(long, value_name = "TEXT")]
    price_note: Option<String>,
    /// What is due for each at your payment page: `12.50`
    #[arg(long, requires = "currency")]
    amount: Option<String>,
    /// ISO 4217: `GBP`
    #[arg(long, requires = "amount")]
    currency: Option<String>,
    /// Check everything, change nothing
    #[arg(long)]
    dry_run: bool,
}

const STOCKED: Columns = &[
    ("NUMBER", "number"),
    ("COUNTRY", "country"),
    ("AREA", "area"),
    ("KIND", "kind"),
    ("USAGE", "usage"),
    ("AMOUNT", "amount"),
    ("CURRENCY", "currency"),
    ("PRICE", "price_note"),
    ("RESERVATION", "reservation_id"),
];
const COUNTS: Columns = &[
    ("COUNTRY", "country"),
    ("KIND", "kind"),
    ("AVAILABLE", "available"),
    ("RESERVED", "reserved"),
];
const FAILED: Columns = &[
    ("LINE", "line"),
    ("NUMBER", "number"),
    ("COLUMN", "column"),
    ("CODE", "code"),
    ("FIELD", "field"),
    ("REASON", "reason"),
    ("REMEDY", "remedy"),
];

/// Single numbers, and ranges written with two dots.
fn split(texts: Vec<String>) -> (Vec<String>, Vec<StockRange>) {
    let (mut numbers, mut ranges) = (Vec::new(), Vec::new());
    for text in texts {
        match text.split_once("..") {
            Some((first, last)) => {
                ranges.push(StockRange { first: first.into(), last: last.into() });
            }
            None => numbers.push(text),
        }
    }
    (numbers, ranges)
}

/// Counts, and what failed with its reasons.
fn told(client: &Client, document: Value) -> Result<(), CliError> {
    let result: StockResult = serde_json::from_value(document.clone())
        .map_err(|error| CliError::usage(format!("the answer is not understood: {error}")))?;
    if client.json {
        output::json(&document)?;
    } else {
        let rows: Vec<Value> = result
            .errors
            .iter()
            .map(|failed| {
                let mut row = json!(failed);
                for field in ["code", "field", "reason", "remedy"] {
                    row[field] = row["error"][field].clone();
                }
                row
            })
            .collect();
        output::print(&format!("{} of {} numbers done\n", result.succeeded, result.total))?;
        if !rows.is_empty() {
            output::list(&rows, FAILED)?;
        }
    }
    if result.dry_run {
        eprintln!("dry run: nothing was changed");
    }
    if result.failed > 0 {
        return Err(CliError::Partial {
            reason: format!("{} of {} numbers failed", result.failed, result.total),
            remedy: "Correct those, and name them again.",
        });
    }
    Ok(())
}

impl Add {
    async fn run(self, client: &Client) -> Result<(), CliError> {
        let profile = match &self.profile {
            Some(profile) => {
                let path = "/operator/v1/calling-profiles";
                client.find("calling profile", profile, path, &["name"], "id").await?
            }
            None => only_profile(client).await?,
        };
        if let Some(path) = &self.file {
            let mut query = vec![
                ("calling_profile_id", profile.to_string()),
                ("usage", self.usage),
                ("dry_run", self.dry_run.to_string()),
            ];
            let rest = [
                ("columns", self.columns),
                ("country", self.country),
                ("area", self.area),
                ("kind", self.kind),
                ("price_note", self.price_note),
                ("amount", self.amount),
                ("currency", self.currency),
            ];
            query.extend(rest.into_iter().filter_map(|(name, value)| Some((name, value?))));
            let bytes = read_bytes(path)?;
            let path = format!("{STOCK}/csv");
            return told(client, client.send_csv(&path, &query, bytes).await?.body);
        }
        let (numbers, ranges) = split(self.numbers);
        let entry = |number| StockEntry { number, ..StockEntry::default() };
        let body = StockPut {
            calling_profile_id: Some(profile),
            country: self.country,
            area: self.area,
            kind: self.kind,
            usage: Some(self.usage),
            price_note: self.price_note,
            amount: self.amount,
            currency: self.currency,
            entries: numbers.into_iter().map(entry).collect(),
            ranges,
            dry_run: self.dry_run,
        };
        told(client, client.post(STOCK, &body).await?.body)
    }
}

/// Runs `meetpoint stock …`.
pub async fn run_stock(client: &Client, action: StockAction) -> Result<(), CliError> {
    match action {
        StockAction::List { list } => client.list(STOCK, list.query(), &list.paging, STOCKED).await,
        StockAction::Counts => {
            let counts = client.get(&format!("{STOCK}/counts")).await?.body;
            if client.json {
                return output::json(&counts);
            }
            client.show_rows(&counts["counts"], COUNTS)
        }
        StockAction::Add(add) => add.run(client).await,
        StockAction::Withdraw { numbers } => {
            let (numbers, ranges) = split(numbers);
            let body = StockWithdraw { numbers, ranges };
            told(client, client.post(&format!("{STOCK}/withdraw"), &body).await?.body)
        }
        StockAction::Storefront => client.show(&client.get(STOREFRONT).await?.body),
        StockAction::Sell(sell) => {
            let body = StorefrontPut {
                open: !sell.closed,
                terms: sell.terms,
                payment_url: sell.payment_url,
                fulfilment: if sell.when_paid { "when_paid" } else { "manual" }.to_owned(),
                free_at_once: sell.free_at_once,
                allow_tenant_address_update: !sell.locations_fixed,
                quote_minutes: sell.quote_minutes,
                reservation_minutes: sell.reservation_minutes,
            };
            let put = client.edit(Method::PUT, STOREFRONT, STOREFRONT, Some(&body)).await?;
            client.show(&put.body)
        }
        StockAction::Secret => {
            let path = format!("{STOREFRONT}/secret");
            client.show(&client.send(Method::POST, &path, None, None::<&()>).await?.body)
        }
        StockAction::Reservations { list } => {
            client.list(SOLD, list.query(), &list.paging, RESERVATIONS).await
        }
        StockAction::Reservation { reservation } => {
            shown(client, &client.get(&format!("{SOLD}/{reservation}")).await?.body)
        }
        StockAction::Accept { reservation } => {
            let path = format!("{SOLD}/{reservation}/accept");
            client.show(&client.send(Method::POST, &path, None, None::<&()>).await?.body)
        }
        StockAction::Decline { reservation, reason } => {
            let path = format!("{SOLD}/{reservation}/decline");
            client.show(&client.post(&path, &ReservationDecline { reason }).await?.body)
        }
    }
}

/// `meetpoint shop …`.
#[derive(Debug, Subcommand)]
pub enum ShopAction {
    /// Numbers, or blocks of them, that can be had from an operator
    Search(Box<Search>),
    /// An operator's storefront
    Show {
        /// The operator, by name or id
        operator: String,
    },
    /// Ask what numbers cost; a quote never changes, and holds nothing
    Quote {
        /// The operator, by name or id
        operator: String,
        /// Numbers, or ranges as `+442079460000..+442079460099`
        #[arg(required = true)]
        numbers: Vec<String>,
        /// Emergency location's id
        #[arg(long, value_name = "ID")]
        location: Option<Uuid>,
    },
    /// One quote
    Quoted {
        /// Its id
        quote: Uuid,
    },
    /// Reserve the numbers of a quote, which accepts its terms; shows where they are paid
    Reserve {
        /// The quote's id
        quote: Uuid,
    },
    /// Your reservations, newest first
    Reservations {
        #[command(flatten)]
        list: Narrowed,
    },
    /// One reservation with its numbers, and where it is paid
    Reservation {
        /// Its id
        reservation: Uuid,
    },
    /// More time to pay, as long again, once
    Extend {
        /// The reservation's id
        reservation: Uuid,
    },
    /// Give a reservation up
    Cancel {
        /// The reservation's id
        reservation: Uuid,
    },
}

/// `meetpoint shop search`.
#[derive(Debug, Args)]
pub struct Search {
    /// The operator, by name or id
    operator: String,
    /// ISO 3166-1 alpha-2
    #[arg(long)]
    country: String,
    /// City, region or network in the operator's words
    #[arg(long)]
    area: Option<String>,
    /// `Geographic`, `Mobile`, `TollFree` or `Other`
    #[arg(long)]
    kind: Option<String>,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`
    #[arg(long)]
    usage: Option<String>,
    /// Digits, `?` for one, `*` for any, over the whole number: `4420794600??`, `44*1234`
    #[arg(long)]
    pattern: Option<String>,
    /// So many numbers that follow one another
    #[arg(long, value_name = "NUMBERS")]
    block: Option<u32>,
    /// Only blocks that begin at a multiple of their size
    #[arg(long, requires = "block")]
    aligned: bool,
    #[command(flatten)]
    paging: Paging,
}

const FOUND: Columns = &[
    ("FIRST", "first"),
    ("LAST", "last"),
    ("NUMBERS", "count"),
    ("AREA", "area"),
    ("KIND", "kind"),
    ("USAGE", "usage"),
    ("AMOUNT", "amount"),
    ("CURRENCY", "currency"),
    ("PRICE", "price_note"),
];

const RESERVATIONS: Columns = &[
    ("MADE", "created_at"),
    ("STATE", "state"),
    ("NUMBERS", "numbers"),
    ("DELIVERED", "delivered"),
    ("AMOUNT", "amount"),
    ("CURRENCY", "currency"),
    ("EXPIRES", "expires_at"),
    ("REASON", "reason"),
    ("ID", "id"),
];
const ITEMS: Columns =
    &[("NUMBER", "number"), ("STATUS", "status"), ("AMOUNT", "amount"), ("ERROR", "error")];
const QUOTED: Columns = &[
    ("NUMBER", "number"),
    ("AREA", "area"),
    ("KIND", "kind"),
    ("USAGE", "usage"),
    ("AMOUNT", "amount"),
    ("CURRENCY", "currency"),
    ("PRICE", "price_note"),
];

/// A document, then its items as a table.
fn with_items(client: &Client, document: &Value, columns: Columns) -> Result<(), CliError> {
    if client.json {
        return output::json(document);
    }
    let mut head = document.clone();
    let items = head.as_object_mut().and_then(|fields| fields.remove("items"));
    output::document(&head)?;
    match items {
        Some(Value::Array(items)) if !items.is_empty() => {
            output::print("\n")?;
            output::list(&items, columns)
        }
        _ => Ok(()),
    }
}

fn shown(client: &Client, reservation: &Value) -> Result<(), CliError> {
    with_items(client, reservation, ITEMS)
}

/// Runs `meetpoint shop …`.
pub async fn run_shop(client: &Client, action: ShopAction) -> Result<(), CliError> {
    match action {
        ShopAction::Search(search) => {
            let operator: Uuid = client.operator(&search.operator).await?;
            let mut query = vec![("country", search.country)];
            let rest = [
                ("area", search.area),
                ("kind", search.kind),
                ("usage", search.usage),
                ("pattern", search.pattern),
                ("block", search.block.map(|n| n.to_string())),
                ("aligned", search.aligned.then(|| "true".to_owned())),
            ];
            query.extend(rest.into_iter().filter_map(|(name, value)| Some((name, value?))));
            let path = format!("/tenant/v1/shop/{operator}/numbers");
            client.list(&path, query, &search.paging, FOUND).await
        }
        ShopAction::Show { operator } => {
            let operator = client.operator(&operator).await?;
            client.show(&client.get(&format!("/tenant/v1/shop/{operator}")).await?.body)
        }
        ShopAction::Quote { operator, numbers, location } => {
            let operator_id = client.operator(&operator).await?;
            let (numbers, ranges) = split(numbers);
            let body = QuoteCreate { operator_id, numbers, ranges, location_id: location };
            with_items(client, &client.post("/tenant/v1/quotes", &body).await?.body, QUOTED)
        }
        ShopAction::Quoted { quote } => {
            let path = format!("/tenant/v1/quotes/{quote}");
            with_items(client, &client.get(&path).await?.body, QUOTED)
        }
        ShopAction::Reserve { quote } => {
            let body = ReservationCreate { quote_id: quote };
            client.show(&client.post(BOUGHT, &body).await?.body)
        }
        ShopAction::Reservations { list } => {
            client.list(BOUGHT, list.query(), &list.paging, RESERVATIONS).await
        }
        ShopAction::Reservation { reservation } => {
            shown(client, &client.get(&format!("{BOUGHT}/{reservation}")).await?.body)
        }
        ShopAction::Extend { reservation } => {
            let path = format!("{BOUGHT}/{reservation}/extend");
            client.show(&client.send(Method::POST, &path, None, None::<&()>).await?.body)
        }
        ShopAction::Cancel { reservation } => {
            let path = format!("{BOUGHT}/{reservation}/cancel");
            client.show(&client.send(Method::POST, &path, None, None::<&()>).await?.body)
        }
    }
}
