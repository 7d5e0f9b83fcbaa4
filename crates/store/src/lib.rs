//! SQL, in one place and for two databases: SQLite, which is embedded, and
//! PostgreSQL, which several control-plane nodes share. Same tables, same
//! statements, same behaviour, same tests (design section 3).
//!
//! All writes go through [`Store::write`]; all that a transaction can do is a
//! method of [`Db`], named noun first.

mod accounts;
mod alarm;
pub mod backup;
mod billing;
mod calling;
mod cdr;
mod clients;
mod conferences;
mod db;
mod disputes;
mod edge;
mod emergency;
mod error;
mod freezes;
mod gateways;
mod identity;
mod leads;
pub mod listing;
mod log;
mod mail;
mod numbers;
mod open;
mod operators;
mod orders;
mod people;
mod policies;
mod pools;
mod project;
mod provisioning;
mod quick;
mod request_use;
mod shop;
mod stock;
mod tenants;
mod tokens;
mod value;
mod walls;
mod webhooks;
mod world;

pub use accounts::LocalAccountRow;
pub use alarm::{AlarmQuery, AlarmRow};
pub use billing::{DurationRow, ExportRow, ReconciliationRow};
pub use calling::{CallingListRow, CallingSettingsRow, VoiceTargetsRow};
pub use cdr::{CdrAnswer, CdrAttempt, CdrBegin, CdrEnd, CdrOf, CdrRow};
pub use clients::{ApiTokenRow, ClientKeyRow, ClientSecretRow, IssuerRow, OidcLoginRow};
pub use conferences::{BridgeNumberRow, BridgeRow};
pub use db::Db;
pub use disputes::DisputeRow;
pub use edge::EdgeRow;
pub use emergency::{EmergencyCallRow, PlaceTextRow};
pub use error::{Again, Retry, StoreError};
pub use freezes::ChangeFreezeRow;
pub use gateways::{
    FallbackRow, FallbackWayRow, FoundCountryRow, FoundNumberRow, GatewayRow, PeerAddressRow,
    VoiceRoutingRow,
};
pub use identity::{EdgeKeyRow, IdempotencyRow, PrincipalRow, TokenRow};
pub use leads::LeadRow;
pub use log::{AuditRow, Back, ChangeOwner, ChangeOwnerRow, ChangeRow, Tx};
pub use mail::{MailPick, MailRow, MailSettled};
pub use numbers::{NumberFormerRow, NumberRow, NumberSettingsRow, NumberTagRow, TagRow};
pub use open::{OpenError, Store};
pub use operators::{
    CallingProfileRow, DirectoryRow, OfferDraftRow, OfferRow, OperatorRow, ProfileTrunkRow,
    RangeRow, TenantRow, TrunkRow,
};
pub use orders::{
    EntryResult, OpenOrderRow, OrderEntryRow, OrderFormerRow, OrderMessageRow, OrderRow,
};
pub use people::{AccountRow, AgentRow, Directory, PersonNameRow, PersonRow};
pub use policies::{
    GroupMemberRow, GroupPersonRow, GroupRow, PolicyAssignmentRow, PolicyRow, ScreeningRow,
};
pub use project::{Import, Project, ProjectPart, ProjectSource};
pub use provisioning::{
    AddressPick, InformationRequestPick, InformationRequestRow, NumberAccountPick,
    NumberAccountRow, NumberEdit, PlaceRow, ProvisionedPick, ProvisionedPut, ProvisionedRow, Span,
};
pub use request_use::RequestUseRow;
pub use shop::{QuoteLine, QuoteRow, ReservationRow, StorefrontRow};
pub use stock::{StockCountRow, StockRow, StockWay, stock_scans};
pub use tenants::{
    AcceptanceRow, CivicAddressRow, ConsentRow, ConsentStateRow, HeldRow, LocationCountryRow,
    LocationRow, NoticeRow,
};
pub use value::Json;
pub use walls::{RUNTIME_ROLE, Reach};
pub use webhooks::{WebhookAttemptRow, WebhookEdit, WebhookRow};
pub use world::{HelpProfileRow, WorldNumberRow, WorldTrunkRow};

/// Every statement with its name, to be prepared on both servers by a test. A
/// name that ends in `_LITE` or `_PG` is a fork for that dialect.
pub fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        accounts::STATEMENTS,
        alarm::STATEMENTS,
        backup::STATEMENTS,
        billing::STATEMENTS,
        calling::STATEMENTS,
        edge::STATEMENTS,
        emergency::STATEMENTS,
        cdr::STATEMENTS,
        freezes::STATEMENTS,
        gateways::STATEMENTS,
        clients::STATEMENTS,
        conferences::STATEMENTS,
        disputes::STATEMENTS,
        identity::STATEMENTS,
        leads::STATEMENTS,
        log::STATEMENTS,
        mail::STATEMENTS,
        numbers::STATEMENTS,
        operators::STATEMENTS,
        orders::STATEMENTS,
        people::STATEMENTS,
        policies::STATEMENTS,
        provisioning::STATEMENTS,
        request_use::STATEMENTS,
        shop::STATEMENTS,
        stock::STATEMENTS,
        tenants::STATEMENTS,
        walls::STATEMENTS,
        webhooks::STATEMENTS,
        world::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
