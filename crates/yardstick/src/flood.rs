//! Ten times what an edge can carry: whether it still carries what it can, and
//! every call for help.
//!
//! The edge runs in a control group of its own. Its quota of CPU is set so that
//! its peak is near `--peak` calls a second; then so many times as many are
//! offered, with calls for help among them, all of them repeated as RFC 3261
//! section 17.1.1.2 says. A call counts when its BYE is answered.

mod group;
mod peer;
mod world;

use group::Group;
use peer::{Flood, Tally};
use std::io::{self, Write};
use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Args {
    /// Write the edge's data folder here and end
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// The edge's token, under which secrets stand in its files
    #[arg(long, default_value = "yardstick", env = "MEETPOINT_TOKEN", hide_env_values = true)]
    token: String,
    /// Where the edge listens
    #[arg(long, default_value = "127.0.0.1:5960", value_name = "ADDRESS:PORT")]
    edge: SocketAddrV4,
    /// Where the operator's switch calls from
    #[arg(long, default_value = "127.0.0.1:5990", value_name = "ADDRESS:PORT")]
    trunk: SocketAddrV4,
    /// Where the phones are
    #[arg(long, default_value = "127.0.0.1:5970", value_name = "ADDRESS:PORT")]
    phones: SocketAddrV4,
    /// The edge's process
    #[arg(long, default_value_t = 0)]
    pid: u32,
    /// Its control group's folder
    #[arg(long, value_name = "FOLDER", default_value = "/sys/fs/cgroup")]
    group: PathBuf,
    /// Calls a second that the edge is to carry at most
    #[arg(long, default_value_t = 400.0)]
    peak: f64,
    /// How many times its peak is offered
    #[arg(long, default_value_t = 10.0)]
    times: f64,
    /// How long, in seconds
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Calls for help among them
    #[arg(long, default_value_t = 100)]
    emergency: u32,
}

/// Runs it; an error if the edge carries less than four fifths of its peak, or
/// loses a call for help.
pub fn run(args: &Args) -> io::Result<()> {
    if let Some(folder) = &args.write {
        return world::write(folder, args);
    }
    let group = Group::new(&args.group, args.pid);
    let mut flood = Flood::new(args.edge, args.trunk, args.phones)?;
    group.unlimited()?;
    // What a call costs, with all that is only paid once already paid.
    stage(&mut flood, args.peak, 2, 0);
    // At a rate where packets are gathered, as they are under a quota.
    let before = group.cpu()?;
    let tally = stage(&mut flood, 5.0 * args.peak, 4, 0);
    let per_call = (group.cpu()? - before).as_secs_f64() / f64::from(tally.completed.max(1));
    eprintln!("a call costs {:.0} µs of CPU", per_call * 1e6);
    let mut share = per_call * args.peak;
    let mut peak = 0.0;
    for _ in 0..3 {
        group.limit(share)?;
        peak = find_peak(&mut flood, &group, args.peak, share)?;
        eprintln!("with {:.1} % of a CPU the peak is {peak:.0} calls/s", share * 100.0);
        if (0.75..=1.3).contains(&(peak / args.peak)) {
            break;
        }
        share *= args.peak / f64::max(peak, args.peak / 10.0);
    }
    let offered = peak * args.times;
    let started = Instant::now();
    let before = group.cpu()?;
    let tally = stage(&mut flood, offered, args.seconds, args.emergency);
    let used = (group.cpu()? - before).as_secs_f64() / args.seconds as f64;
    let goodput = f64::from(tally.completed) / args.seconds as f64;
    let sent = f64::from(tally.begun) / args.seconds as f64;
    // Those for help that still try, as RFC 3261 lets them.
    let last = started + Duration::from_secs(args.seconds + 40);
    let mut helped = tally.helped;
    while helped < args.emergency && Instant::now() < last {
        helped += stage(&mut flood, 0.0, 1, 0).helped;
    }
    group.unlimited()?;
    let ratio = goodput / peak;
    eprintln!(
        "offered {sent:.0} calls/s in {} packets, {} refused, {goodput:.0} completed a second with \
         {:.0} % of the quota",
        tally.sent,
        tally.refused,
        100.0 * used / share
    );
    let (mut waited, lost) = flood.help();
    waited.sort_unstable();
    if let (Some(half), Some(last)) = (waited.get(waited.len() / 2), waited.last()) {
        eprintln!(
            "half of the calls for help were answered within {half:.1?}, all within {last:.1?}"
        );
    }
    for (status, sends) in lost {
        eprintln!("a call for help was lost: its last answer was {status}, {sends} INVITEs sent");
    }
    writeln!(
        io::stdout(),
        "goodput_ratio={ratio:.2} emergency_connected={helped} peak={peak:.0} offered={sent:.0} \
         goodput={goodput:.0}"
    )?;
    if ratio < 0.8 || helped < args.emergency {
        return Err(io::Error::other(
            "the edge is to carry 80 % of its peak and every call for help",
        ));
    }
    if sent < 0.9 * offered {
        return Err(io::Error::other("this machine did not offer as much as it was to: no result"));
    }
    Ok(())
}

/// The most calls a second that are completed, whatever is offered: what is
/// offered grows until that does not.
fn find_peak(flood: &mut Flood, group: &Group, near: f64, share: f64) -> io::Result<f64> {
    let mut best: f64 = 0.0;
    let mut rate = 0.7 * near;
    loop {
        stage(flood, rate, 2, 0);
        let seconds = 4;
        let before = group.cpu()?;
        let tally = stage(flood, rate, seconds, 0);
        let used = (group.cpu()? - before).as_secs_f64() / seconds as f64 / share;
        let goodput = f64::from(tally.completed) / seconds as f64;
        eprintln!(
            "  offered {rate:.0}: {goodput:.0} calls/s, {} refused, {:.0} % of the quota",
            tally.refused,
            100.0 * used
        );
        let grew = goodput > 1.03 * best;
        best = best.max(goodput);
        if !grew || goodput < 0.8 * rate {
            break;
        }
        rate *= 1.15;
    }
    // What is left of the last step.
    stage(flood, 0.0, 8, 0);
    Ok(best)
}

fn stage(flood: &mut Flood, rate: f64, seconds: u64, emergency: u32) -> Tally {
    flood.run(rate, Duration::from_secs(seconds), emergency)
}
