//! Values on their way in and out: one set of types for both databases.

use crate::StoreError;
use domain::{
    BridgeId, CallingProfileId, CdrId, CivicAddressId, ConsentId, GroupId, LocationId, MoveId,
    OperatorId, OrderId, PolicyId, PrincipalId, ResourceAccountId, TenantId, TrunkId, UserId,
    consent::{ConsentStatus, RelationshipStatus},
    lead::LeadStatus,
    line::AssignmentCategory,
    mail::{MailKind, MailState},
    number::Usage,
    offer::OfferState,
    stock::StockKind,
};
use numbering::{Country, E164};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

/// A bound value. The five types that both databases keep alike.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
    Uuid(Option<Uuid>),
    Bytes(Option<Vec<u8>>),
    Bool(Option<bool>),
}

/// A row of either database.
pub(crate) enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

impl Row {
    pub(crate) fn get<T: Column>(&self, column: &'static str) -> Result<T, StoreError> {
        T::read(self, column)
    }
}

/// One of the five types as it stands in a column.
pub(crate) trait Base: Sized {
    fn get(row: &Row, column: &'static str) -> Result<Option<Self>, StoreError>;
    fn arg(value: Option<Self>) -> Arg;
}

macro_rules! base {
    ($($type:ty => $arg:ident),*) => {$(
        impl Base for $type {
            fn get(row: &Row, column: &'static str) -> Result<Option<Self>, StoreError> {
                let got = match row {
                    Row::Lite(row) => row.try_get::<Option<$type>, _>(column),
                    Row::Pg(row) => row.try_get::<Option<$type>, _>(column),
                };
                got.map_err(|error| {
                    tracing::error!(column, %error, "a column does not decode");
                    StoreError::Decode { column }
                })
            }
            fn arg(value: Option<Self>) -> Arg { Arg::$arg(value) }
        }
        impl Stored for $type {
            type As = $type;
            fn load(base: $type) -> Option<Self> { Some(base) }
            fn save(&self) -> $type { self.clone() }
        }
    )*};
}

base!(i64 => Int, String => Text, Uuid => Uuid, Vec<u8> => Bytes, bool => Bool);

/// A type that is kept as one of the five.
pub(crate) trait Stored: Sized {
    type As: Base;
    fn load(base: Self::As) -> Option<Self>;
    fn save(&self) -> Self::As;
}

/// What can stand in a column, null or not.
pub(crate) trait Column: Sized {
    fn read(row: &Row, column: &'static str) -> Result<Self, StoreError>;
    fn arg(&self) -> Arg;
}

impl<T: Stored> Column for T {
    fn read(row: &Row, column: &'static str) -> Result<Self, StoreError> {
        T::As::get(row, column)?.and_then(T::load).ok_or(StoreError::Decode { column })
    }
    fn arg(&self) -> Arg {
        T::As::arg(Some(self.save()))
    }
}

impl<T: Stored> Column for Option<T> {
    fn read(row: &Row, column: &'static str) -> Result<Self, StoreError> {
        match T::As::get(row, column)? {
            None => Ok(None),
            Some(base) => T::load(base).map(Some).ok_or(StoreError::Decode { column }),
        }
    }
    fn arg(&self) -> Arg {
        T::As::arg(self.as_ref().map(T::save))
    }
}

macro_rules! ids {
    ($($id:ident),* $(,)?) => {$(
        impl Stored for $id {
            type As = Uuid;
            fn load(base: Uuid) -> Option<Self> { Some(Self(base)) }
            fn save(&self) -> Uuid { self.0 }
        }
    )*};
}

ids!(
    BridgeId,
    CallingProfileId,
    CdrId,
    CivicAddressId,
    ConsentId,
    GroupId,
    LocationId,
    MoveId,
    OperatorId,
    OrderId,
    PolicyId,
    PrincipalId,
    ResourceAccountId,
    TenantId,
    TrunkId,
    UserId,
);

macro_rules! words {
    ($($type:ident { $($variant:ident),* })*) => {$(
        impl Stored for $type {
            type As = String;
            fn load(base: String) -> Option<Self> {
                match base.as_str() {
                    $(stringify!($variant) => Some(Self::$variant),)*
                    _ => None,
                }
            }
            fn save(&self) -> String {
                match self { $(Self::$variant => stringify!($variant).to_owned(),)* }
            }
        }
    )*};
}

words! {
    ConsentStatus { Active, Suspended, Removed }
    RelationshipStatus {
        ConsentAcknowledged, CustomerContacted, AgreementSigned, ConsentDeclined, ContractTerminated
    }
    Usage { CallingUserAssignment, FirstPartyAppAssignment, ConferenceAssignment }
    StockKind { Geographic, Mobile, TollFree, Other }
    AssignmentCategory { Primary, Private, Alternate }
}

/// What the domain reads and writes as a word by itself.
macro_rules! spelt {
    ($($name:ident),*) => {$(
        impl Stored for $name {
            type As = String;
            fn load(base: String) -> Option<Self> {
                Self::parse(&base)
            }
            fn save(&self) -> String {
                self.as_str().to_owned()
            }
        }
    )*};
}

spelt! { OfferState, LeadStatus, MailKind, MailState }

impl Stored for E164 {
    type As = i64;
    fn load(base: i64) -> Option<Self> {
        u64::try_from(base).ok().and_then(Self::from_value)
    }
    fn save(&self) -> i64 {
        self.value().cast_signed()
    }
}

impl Stored for Country {
    type As = String;
    fn load(base: String) -> Option<Self> {
        Self::parse(&base).ok()
    }
    fn save(&self) -> String {
        self.to_string()
    }
}

impl Stored for u32 {
    type As = i64;
    fn load(base: i64) -> Option<Self> {
        Self::try_from(base).ok()
    }
    fn save(&self) -> i64 {
        i64::from(*self)
    }
}

/// JSON in a text column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned> Stored for Json<T> {
    type As = String;
    fn load(base: String) -> Option<Self> {
        serde_json::from_str(&base).ok().map(Self)
    }
    fn save(&self) -> String {
        serde_json::to_string(&self.0).expect("what is kept as JSON has text keys only")
    }
}

/// A struct read from a row, column by column of the same name.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

/// Declares a struct whose fields are columns (the migrations describe them).
macro_rules! row {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "fields are columns, and the schema describes those")]
        pub struct $name { $(pub $field: $type,)* }

        impl $crate::value::FromRow for $name {
            fn from_row(row: &$crate::value::Row) -> Result<Self, $crate::StoreError> {
                Ok(Self { $($field: row.get(stringify!($field))?,)* })
            }
        }
    )*};
}
pub(crate) use row;

/// Binds values in their order.
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::value::Column::arg(&$value)),*]
    };
}
pub(crate) use args;
