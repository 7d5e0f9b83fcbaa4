//! Every id has its own type, so that a trunk cannot stand where a tenant is meant.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> { Uuid::parse_str(s).map(Self) }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }
    )*};
}

ids! {
    /// An organisation that uses numbers.
    TenantId,
    /// A PSTN operator.
    OperatorId,
    /// One SIP trunk of an operator.
    TrunkId,
    /// A group of trunks with emergency settings; every number belongs to one.
    CallingProfileId,
    /// A person of a tenant.
    UserId,
    /// A call queue's or attendant's account.
    ResourceAccountId,
    /// A conference bridge of a tenant.
    BridgeId,
    /// A civic address.
    CivicAddressId,
    /// A place within a civic address; what is assigned is always a location.
    LocationId,
    /// A tenant's consent to one operator.
    ConsentId,
    /// A policy of a tenant.
    PolicyId,
    /// A group of a tenant's people.
    GroupId,
    /// An order: upload, release and the like.
    OrderId,
    /// A move of numbers between owners or sources.
    MoveId,
    /// One call's record.
    CdrId,
    /// Who acts: an API client or a person.
    PrincipalId,
    /// One running edge.
    EdgeId,
}
