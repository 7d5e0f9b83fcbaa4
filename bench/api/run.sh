#!/usr/bin/env bash
# Builds the API nearly as a release has it and measures it; further arguments go to run.py
# (--help). Before them: --release for a release to the letter (minutes more to build), --debug to
# try the bench itself.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
scripts/setup.sh api >&2
profile=gauge folder=gauge
case ${1:-} in
--release)
    profile=release folder=release
    shift
    ;;
--debug)
    profile=dev folder=debug
    shift
    ;;
esac
echo "bench: building gauge (minutes the first time)" >&2
cargo build --locked --profile "$profile" --package gauge >&2
target=$(cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec python3 bench/api/run.py --bin "$target/$folder" "$@"
