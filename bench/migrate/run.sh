#!/usr/bin/env bash
# Builds release programs and measures import and verdict with them; further
# arguments go to run.py (--help).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
echo "bench: building meetpoint and figment (minutes the first time)" >&2
cargo build --locked --release --package meetpoint --package figment >&2
target=$(cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec python3 bench/migrate/run.py --bin "$target/release" "$@"
