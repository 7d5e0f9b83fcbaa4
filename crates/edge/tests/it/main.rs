//! The edge, from the sans-I/O core to real sockets.

mod calls;
mod net;
mod world;
