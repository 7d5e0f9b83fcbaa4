//! `migrate inventory` and `migrate status`.

use super::Common;
use super::project::{ASSESSMENT, Folder, REPORT, store_error, write};
use crate::cli::error::CliError;
use crate::cli::output;
use migrate::export;
use migrate::import::ImportedFile;
use migrate::model::{Inventory, Resolution};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Shows the inventory, or writes it as tables.
pub async fn inventory(
    common: Common,
    csv: Option<PathBuf>,
    xlsx: Option<PathBuf>,
    remarks: bool,
) -> Result<(), CliError> {
    let folder = Folder::open(&common.project).await?;
    let inventory = folder.inventory().await?;
    let mut written: Vec<PathBuf> = Vec::new();
    if csv.is_some() || xlsx.is_some() {
        let tables = export::tables(&inventory);
        if let Some(dir) = csv {
            std::fs::create_dir_all(&dir)
                .map_err(|error| CliError::File { path: dir.clone(), reason: error.to_string() })?;
            for table in &tables {
                let path = dir.join(format!("{}.csv", table.name));
                write(&path, &export::csv(table))?;
                written.push(path);
            }
        }
        if let Some(path) = xlsx {
            let bytes = export::xlsx(&tables).map_err(|error| CliError::File {
                path: path.clone(),
                reason: error.to_string(),
            })?;
            write(&path, &bytes)?;
            written.push(path);
        }
        folder.remember(&written).await?;
    }
    folder.close().await;
    let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    if common.json {
        if !written.is_empty() {
            return output::json(&json!({ "counts": counts(&inventory), "written": written }));
        }
        let mut document = serde_json::to_value(&inventory)
            .map_err(|error| CliError::usage(format!("the inventory cannot be told: {error}")))?;
        document["counts"] = counts(&inventory);
        return output::json(&document);
    }
    let mut text = String::new();
    for (name, count) in counts(&inventory).as_object().into_iter().flatten() {
        if count.as_u64() != Some(0) {
            text.push_str(&format!("{:>9}  {}\n", count.to_string(), name.replace('_', " ")));
        }
    }
    if remarks {
        for remark in &inventory.remarks {
            let place = inventory
                .line(remark.at)
                .map_or(String::new(), |line| format!("{} row {}", line.file, line.row));
            text.push_str(&format!("{place}: {}: {}\n", remark.code, remark.message));
        }
        for conflict in &inventory.conflicts {
            let values: Vec<String> = conflict
                .values
                .iter()
                .map(|value| {
                    let file = inventory.line(value.at).map_or(String::new(), |line| line.file);
                    format!("{:?} in {file}", value.value)
                })
                .collect();
            let how = match &conflict.resolution {
                Resolution::Rule { rule } => rule.clone(),
                Resolution::Hand { reason } => format!("by hand: {reason}"),
            };
            text.push_str(&format!(
                "conflict: {} {:?} field {}: {}; {:?} was taken: {how}\n",
                conflict.kind,
                conflict.subject,
                conflict.field,
                values.join(", "),
                conflict.values[conflict.taken].value
            ));
        }
    } else if !inventory.remarks.is_empty() || !inventory.conflicts.is_empty() {
        text.push_str(&format!(
            "{} remarks and {} conflicts: --remarks lists them\n",
            inventory.remarks.len(),
            inventory.conflicts.len()
        ));
    }
    for path in written {
        text.push_str(&format!("wrote {path}\n"));
    }
    output::print(&output::harmless(&text))
}

/// How many there are of each.
pub fn counts(i: &Inventory) -> Value {
    let agents: usize = i.queues.iter().filter_map(|q| q.agents.get()).map(Vec::len).sum();
    json!({
        "files": i.files.len(),
        "users": i.users.len(),
        "numbers": i.numbers.len(),
        "billed_numbers": i.billed_numbers.len(),
        "resource_accounts": i.resource_accounts.len(),
        "queues": i.queues.len(),
        "queue_agents": agents,
        "attendants": i.attendants.len(),
        "delegations": i.delegations.len(),
        "call_groups": i.call_groups.len(),
        "pbx_lines": i.pbx_lines.len(),
        "hunt_groups": i.hunt_groups.len(),
        "shared_lines": i.shared_lines.len(),
        "special_lines": i.special_lines.len(),
        "devices": i.devices.len(),
        "rooms": i.rooms.len(),
        "roles": i.roles.len(),
        "sites": i.sites.len(),
        "site_subnets": i.site_subnets.len(),
        "buildings": i.buildings.len(),
        "addresses": i.addresses.len(),
        "locations": i.locations.len(),
        "lis_subnets": i.lis_subnets.len(),
        "access_points": i.access_points.len(),
        "switches": i.switches.len(),
        "ports": i.ports.len(),
        "trusted_addresses": i.trusted_addresses.len(),
        "trunks": i.trunks.len(),
        "voice_routes": i.voice_routes.len(),
        "voice_routing_policies": i.voice_routing_policies.len(),
        "policy_grants": i.policy_grants.len(),
        "skus": i.skus.len(),
        "calls": i.calls.records.len(),
        "quality_rows": i.quality.len(),
        "measurements": i.measurements.len(),
        "conflicts": i.conflicts.len(),
        "remarks": i.remarks.len(),
    })
}

/// What was imported, and what was made of it.
pub async fn status(common: Common) -> Result<(), CliError> {
    let folder = Folder::open(&common.project).await?;
    let settings = folder.settings().await?;
    let parts = folder.store().parts().await.map_err(|e| store_error(folder.dir(), &e))?;
    let files: Vec<ImportedFile> =
        parts.iter().filter_map(|part| serde_json::from_str(&part.head).ok()).collect();
    let assessed = folder.dir().join(ASSESSMENT).is_file();
    let reported = folder.dir().join(REPORT).is_file();
    folder.close().await;
    if common.json {
        let files: Vec<Value> = files
            .iter()
            .map(|file| {
                json!({
                    "file": file.source.name, "kind": file.source.kind.word(), "rows": file.source.rows,
                    "rejected": file.source.rejected, "sha256": file.source.sha256,
                })
            })
            .collect();
        return output::json(&json!({
            "project": common.project, "settings": settings, "files": files,
            "assessed": assessed, "reported": reported,
        }));
    }
    let rows: Vec<Value> = files
        .iter()
        .map(|file| {
            json!({
                "file": file.source.name, "kind": file.source.kind.word(),
                "rows": file.source.rows, "rejected": file.source.rejected,
            })
        })
        .collect();
    if rows.is_empty() {
        output::print("nothing is imported yet\n")?;
    } else {
        const COLUMNS: output::Columns =
            &[("file", "file"), ("kind", "kind"), ("rows", "rows"), ("rejected", "rejected")];
        output::list(&rows, COLUMNS)?;
    }
    let next = match (rows.is_empty(), assessed, reported) {
        (true, ..) => "next: meetpoint migrate import",
        (_, false, _) => "next: meetpoint migrate assess",
        (_, _, false) => "next: meetpoint migrate report",
        _ => "assessed and reported",
    };
    output::print(&format!("{next}\n"))
}
