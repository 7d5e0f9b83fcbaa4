//! Transactions: the machines, and the layer that owns them.

mod layer;
mod machine;

pub use layer::{
    Branch, CancelOutcome, ClientTx, Config, Event, Origin, Received, ServerTx, Sink, Target,
    TransactionLayer, TxError,
};
pub use machine::{
    AckAction, InviteClient, InviteServer, NonInviteClient, NonInviteServer, Reliability,
    ResponseAction, ResponseRefused, State, TimerAction, Timers,
};
