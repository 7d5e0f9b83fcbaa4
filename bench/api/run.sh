#!/usr/bin/env bash
# Builds the API as a release has it and measures it; further arguments go to run.py (--help).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
scripts/setup.sh api >&2
profile=release
if [ "${1:-}" = --debug ]; then # tries the bench itself
    profile=dev
    shift
fi
echo "bench: building gauge (minutes the first time)" >&2
cargo build --locked --profile "$profile" --package gauge >&2
target=$(cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
folder=$profile
[ "$profile" = release ] || folder=debug
exec python3 bench/api/run.py --bin "$target/$folder" "$@"
