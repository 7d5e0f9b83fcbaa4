//! What no committed file may contain.

use std::path::Path;

use crate::graph::{command, root};

/// Longest source file before it must be cut by concept.
const MOST_LINES: usize = 800;

struct File {
    path: String,
    text: String,
}

/// Committed or about to be: everything git does not ignore. Binary files are left out.
fn files() -> Vec<File> {
    command("git", &["ls-files", "--cached", "--others", "--exclude-standard"])
        .lines()
        .filter_map(|path| {
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some(File { path: path.to_owned(), text })
        })
        .collect()
}

/// `path:line` of every line that contains one of `words`.
fn lines_with(files: &[File], words: &[String]) -> Vec<String> {
    files
        .iter()
        .flat_map(|file| {
            file.text
                .lines()
                .enumerate()
                .filter(|(_, line)| words.iter().any(|word| line.contains(word.as_str())))
                .map(|(at, line)| format!("{}:{}: {}", file.path, at + 1, line.trim()))
        })
        .collect()
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.contains(&extension))
}

// The words are put together here so that this file does not contain them.

#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    let words = ["work/", "home/", "root/"].map(|tail| format!("/{tail}"));
    let mut found = lines_with(&files(), &words);
    // A folder of that name inside a longer path or address is nobody's machine.
    found.retain(|line| {
        let text = line.splitn(3, ':').nth(2).unwrap_or_default();
        words.iter().any(|word| {
            text.match_indices(word.as_str()).any(|(at, _)| {
                text[..at].chars().next_back().is_none_or(|before| {
                    !(before.is_alphanumeric() || matches!(before, '.' | '-' | '_' | '}' | '*'))
                })
            })
        })
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_test_is_switched_off_and_nothing_is_left_to_do() {
    let words = ["#[ignore", "todo!(", "unimplemented!(", "dbg!("].map(str::to_owned);
    let mut sources = files();
    sources.retain(|file| {
        has_extension(&file.path, &["rs"]) && !file.path.starts_with("crates/tidy/")
    });
    let found = lines_with(&sources, &words);
    assert!(found.is_empty(), "{found:#?}");

    let words = [".only(", ".skip(", "test.fixme("].map(str::to_owned);
    let mut sources = files();
    sources.retain(|file| has_extension(&file.path, &["ts", "tsx"]));
    let found = lines_with(&sources, &words);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn source_files_stay_short_enough_to_read() {
    let long: Vec<String> = files()
        .iter()
        .filter(|file| has_extension(&file.path, &["rs", "ts", "tsx"]))
        .filter(|file| !file.path.ends_with("schema.d.ts"))
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > MOST_LINES).then(|| format!("{}: {lines} lines", file.path))
        })
        .collect();
    assert!(long.is_empty(), "cut these by concept: {long:#?}");
}

/// A lock file that names a registry's host installs only where that host can be reached.
#[test]
fn the_web_lock_file_names_no_registry() {
    let lock = std::fs::read_to_string(root().join("web/package-lock.json"))
        .expect("the web page has a lock file");
    assert!(!lock.contains("\"resolved\""), "keep omit-lockfile-registry-resolved in web/.npmrc");
}
