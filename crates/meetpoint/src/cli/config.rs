//! Where the command line keeps its sign-ins: `$XDG_CONFIG_HOME/meetpoint/client.json`,
//! readable by its owner only. One file holds several, by name, because one
//! person often plays several roles.

use super::error::CliError;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// One sign-in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Where Meetpoint answers.
    pub url: String,
    /// Renews the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Renews the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// The last token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Used where none is named: the last signed in.
    pub current: Option<String>,
    /// By name.
    pub profiles: BTreeMap<String, Profile>,
}

/// The file's place; `MEETPOINT_SIGN_INS` names another one.
fn path() -> Result<PathBuf, CliError> {
    if let Some(path) = std::env::var_os("MEETPOINT_SIGN_INS") {
        return Ok(path.into());
    }
    let base = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))
        .ok_or_else(|| CliError::usage("neither XDG_CONFIG_HOME nor HOME is set"))?;
    Ok(base.join("meetpoint").join("client.json"))
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> CliError + use<> {
    let path = path.to_owned();
    move |error| CliError::File { path: path.clone(), reason: error.to_string() }
}

impl Stored {
    /// What `login` stored; nothing stored is empty.
    pub fn load() -> Result<Self, CliError> {
        let path = path()?;
        match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(at(&path)(error)),
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| CliError::File { path, reason: error.to_string() }),
        }
    }

    /// Written beside and renamed, so that a crash leaves the old file or the new one.
    pub fn save(&self) -> Result<PathBuf, CliError> {
        let path = path()?;
        let failed = at(&path);
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(&failed)?;
        let beside = path.with_extension("json.new");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)
            .map_err(&failed)?;
        // A left-over file may have been wider.
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(&failed)?;
        let text = serde_json::to_vec_pretty(self).expect("the file holds text only");
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(&failed)?;
        std::fs::rename(&beside, &path).map_err(&failed)?;
        Ok(path)
    }
}
