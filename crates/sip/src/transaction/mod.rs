//! Transactions: the machines, and the layer that owns them.

mod hop;
mod layer;
mod machine;
mod table;
mod types;

pub use layer::TransactionLayer;
pub use machine::{
    AckAction, InviteClient, InviteServer, NonInviteClient, NonInviteServer, Reliability,
    ResponseAction, ResponseRefused, State, TimerAction, Timers,
};
pub use types::{
    Branch, CancelOutcome, ClientTx, Config, Event, Key, Origin, Received, ServerTx, Sink, Target,
    TxError,
};
