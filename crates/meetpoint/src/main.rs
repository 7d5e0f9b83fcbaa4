//! The `meetpoint` binary.
fn main() {}
