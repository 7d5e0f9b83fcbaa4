#!/usr/bin/env bash
# Builds the last release from this repository's own history and prints the path
# of its program: what a fleet that is being upgraded still runs. The recipe is
# frozen: a commit, its lock file, one profile.
#
#   scripts/last-release.sh
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VERSION=0.1.0 COMMIT=ee25d18888b2dfc4a9e4d05f1b72dd35000886c8

target=$(cargo metadata --format-version 1 --no-deps |
    node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).target_directory')
folder=$target/last-release/$VERSION
program=$folder/debug/meetpoint
if [ ! -x "$program" ]; then
    source=$(mktemp -d)
    trap 'git worktree remove --force "$source/tree" 2>/dev/null || true; rm -rf "$source"' EXIT
    git worktree add --quiet --detach "$source/tree" "$COMMIT" >&2
    (cd "$source/tree" && CARGO_TARGET_DIR=$folder cargo build --locked --package meetpoint --bin meetpoint) >&2
fi
"$program" --version >&2
echo "$program"
