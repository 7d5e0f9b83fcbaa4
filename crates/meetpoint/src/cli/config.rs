//! Where the command line keeps its sign-in: `$XDG_CONFIG_HOME/meetpoint/client.json`, mode 0600.

use std::path::PathBuf;

/// The file's place; `MEETPOINT_CONFIG` names another one.
fn path() -> std::io::Result<PathBuf> {
    if let Some(path) = std::env::var_os("MEETPOINT_CONFIG") {
        return Ok(path.into());
    }
    let base = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))
        .ok_or_else(|| std::io::Error::other("neither XDG_CONFIG_HOME nor HOME is set"))?;
    Ok(base.join("meetpoint").join("client.json"))
}

/// Removes what `login` stored; nothing stored is no error.
pub fn forget() -> std::io::Result<()> {
    match std::fs::remove_file(path()?) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
