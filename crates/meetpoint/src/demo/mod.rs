//! `meetpoint demo`: a whole exchange with simulated operators and phones, in
//! one process, over real sockets on loopback.

mod announce;
mod cast;
mod client;
mod failover;
mod report;
mod story;
mod traffic;
mod world;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use self::failover::FailoverPlan;
use self::report::{Fault, Notes, Report};
use self::story::{STORIES, phones};
use self::world::{World, WorldPlan, http_address};
use edge_host::{start_log, told_to_stop};

/// What the demo is to do.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Play one story against real sockets, report, and end
    #[arg(long, conflicts_with = "serve")]
    once: bool,
    /// Stay up for other programs: every address and credential on stdout
    #[arg(long)]
    serve: bool,
    /// One line of JSON on stdout
    #[arg(long)]
    json: bool,
    /// Which story `--once` plays
    #[arg(long, value_name = "NAME", default_value = STORIES[0].name)]
    story: String,
    /// Name the stories and end
    #[arg(long)]
    list: bool,
    /// Keep the data in this folder, which must not hold a Meetpoint yet
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Address of the API and the web page [default: 127.0.0.1:8080 if it is free]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Calls a second in the story `failover`
    #[arg(long, value_name = "COUNT", default_value_t = 200.0, hide = true)]
    per_second: f64,
    /// Seconds of each part of the story `failover`
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0, hide = true)]
    part_seconds: f64,
    /// The database of the story `failover`, another than its own file
    #[arg(long, value_name = "URL", hide = true)]
    database_url: Option<String>,
}

impl DemoArgs {
    fn failover_plan(&self) -> FailoverPlan {
        FailoverPlan {
            per_second: self.per_second.clamp(1.0, 10_000.0),
            part: Duration::from_secs_f64(self.part_seconds.clamp(0.5, 3600.0)),
            database_url: self.database_url.clone(),
        }
    }
}

/// `meetpoint demo`.
pub async fn run(args: DemoArgs) -> ExitCode {
    if args.list {
        return list(args.json);
    }
    let Some(story) = STORIES.iter().find(|story| story.name == args.story) else {
        eprintln!("meetpoint: there is no story `{}`; --list names them", args.story);
        return ExitCode::from(2);
    };
    start_log(if args.once { "error" } else { "warn" });
    let ended = if args.once { once(&args, story.name).await } else { stay(&args).await };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("meetpoint: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn list(json: bool) -> ExitCode {
    let lines: Vec<String> = if json {
        let stories: Vec<Value> = STORIES
            .iter()
            .map(|story| serde_json::json!({ "name": story.name, "about": story.about }))
            .collect();
        vec![serde_json::json!({ "stories": stories }).to_string()]
    } else {
        STORIES.iter().map(|story| format!("{:10} {}", story.name, story.about)).collect()
    };
    for line in lines {
        say(&line);
    }
    ExitCode::SUCCESS
}

/// One line on stdout; a reader that is gone is not the demo's trouble.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Plays the story and reports; the result tells whether all went well.
async fn once(args: &DemoArgs, story: &'static str) -> Result<bool, Fault> {
    let report = match story {
        "failover" => failover::run(&args.failover_plan()).await,
        _ => call(args, story).await,
    };
    let ok = report.ok();
    if args.json {
        say(&report.json().to_string());
    } else {
        say(&format!("story {story}: {}", if ok { "ok" } else { "FAILED" }));
    }
    Ok(ok)
}

/// The story told in a world of its own, within this process.
async fn call(args: &DemoArgs, story: &'static str) -> Report {
    let plan = WorldPlan { data_dir: args.data_dir.clone(), listen: args.listen, sip_port: None };
    match World::start(plan).await {
        Ok(world) => {
            let report = story::call(&world).await;
            world.house.stop().await;
            report
        }
        Err(fault) => Report::stillborn(story, fault),
    }
}

/// Stays up until it is told to stop.
async fn stay(args: &DemoArgs) -> Result<bool, Fault> {
    let wished = args.listen.unwrap_or_else(|| ([127, 0, 0, 1], 8080).into());
    let listen = if args.listen.is_some() { wished } else { http_address(wished) };
    let plan =
        WorldPlan { data_dir: args.data_dir.clone(), listen: Some(listen), sip_port: Some(5060) };
    let world = World::start(plan).await?;
    let ended = tokio::select! {
        ended = live(args, &world) => ended,
        () = told_to_stop() => Ok(true),
    };
    world.house.stop().await;
    ended
}

async fn live(args: &DemoArgs, world: &World) -> Result<bool, Fault> {
    let mut report = Report::new("call");
    let Some(seeded) = story::seed(world, &mut report).await else { return Ok(false) };
    let phones = phones::connect(world, &seeded, &mut Notes::default()).await?;
    if args.json {
        say(&announce::json(world, &seeded, &phones).await?.to_string());
    } else {
        say(&announce::text(world, &seeded, args.data_dir.as_deref()).await?);
    }
    traffic::play(Arc::new(seeded), Arc::new(phones)).await?;
    Ok(true)
}
