//! The edge, from the sans-I/O core to real sockets.

mod allocs;
mod baresip;
mod calls;
mod control;
mod disk;
mod door;
mod durability;
mod fleet;
mod found;
mod fraud;
mod kept;
mod last_release;
mod limits;
mod live;
mod net;
mod overflow;
mod overload;
mod restart;
mod reviewed;
mod rules;
mod scans;
mod sim;
mod storm;
mod torture;
mod transfer;
mod world;
