//! The dependency graph as `cargo metadata` tells it, for the platform the tests run on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// How one package leans on another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Needed by the product (normal and build dependencies).
    Product,
    /// Needed by tests only.
    Dev,
}

pub struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub licence: Option<String>,
    pub is_ours: bool,
}

pub struct Graph {
    pub packages: BTreeMap<String, Package>,
    edges: BTreeMap<String, Vec<(String, Kind)>>,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this crate lies two folders below the workspace root")
        .to_owned()
}

pub fn graph() -> &'static Graph {
    static GRAPH: OnceLock<Graph> = OnceLock::new();
    GRAPH.get_or_init(|| {
        let host = command("rustc", &["-vV"]);
        let host = host
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .expect("rustc names its host");
        let text = command(
            env!("CARGO"),
            &["metadata", "--format-version", "1", "--locked", "--filter-platform", host],
        );
        Graph::parse(&serde_json::from_str(&text).expect("cargo metadata is JSON"))
    })
}

pub fn command(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

impl Graph {
    fn parse(metadata: &Value) -> Self {
        let ours: BTreeSet<&str> = array(&metadata["workspace_members"])
            .iter()
            .map(|id| id.as_str().expect("ids are strings"))
            .collect();
        // Dependencies for other platforms are listed as packages but not resolved.
        let resolved: BTreeMap<String, Vec<(String, Kind)>> = array(&metadata["resolve"]["nodes"])
            .iter()
            .map(|node| {
                let edges = array(&node["deps"])
                    .iter()
                    .map(|dep| {
                        let dev_only =
                            array(&dep["dep_kinds"]).iter().all(|kind| kind["kind"] == "dev");
                        (text(&dep["pkg"]), if dev_only { Kind::Dev } else { Kind::Product })
                    })
                    .collect();
                (text(&node["id"]), edges)
            })
            .collect();
        let packages = array(&metadata["packages"])
            .iter()
            .filter(|package| resolved.contains_key(&text(&package["id"])))
            .map(|package| {
                let id = text(&package["id"]);
                let package = Package {
                    name: text(&package["name"]),
                    version: text(&package["version"]),
                    licence: package["license"].as_str().map(str::to_owned),
                    is_ours: ours.contains(id.as_str()),
                    id: id.clone(),
                };
                (id, package)
            })
            .collect();
        Self { packages, edges: resolved }
    }

    pub fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.is_ours)
    }

    pub fn our(&self, name: &str) -> Option<&Package> {
        self.ours().find(|package| package.name == name)
    }

    pub fn direct(&self, package: &Package) -> impl Iterator<Item = (&Package, Kind)> {
        self.edges[&package.id].iter().map(|(id, kind)| (&self.packages[id], *kind))
    }

    /// The shortest way from `from` to a package called `to` over product dependencies, as names.
    pub fn way(&self, from: &Package, to: &str) -> Option<Vec<&str>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([from.id.as_str()]);
        let mut seen = BTreeSet::from([from.id.as_str()]);
        while let Some(id) = queue.pop_front() {
            if self.packages[id].name == to {
                let mut way = vec![self.packages[id].name.as_str()];
                let mut at = id;
                while let Some(previous) = came_from.get(at) {
                    at = previous;
                    way.push(&self.packages[at].name);
                }
                way.reverse();
                return Some(way);
            }
            for (next, kind) in &self.edges[id] {
                if *kind == Kind::Product && seen.insert(next) {
                    came_from.insert(next, id);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).expect("cargo metadata has a list here")
}

fn text(value: &Value) -> String {
    value.as_str().expect("cargo metadata has a string here").to_owned()
}
