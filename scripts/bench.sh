#!/usr/bin/env bash
# Builds the edge as a release has it and measures it; further arguments go to the
# benchmark itself (bench/signalling/*.py --help).
#
#   scripts/bench.sh run       beside Kamailio and the kernel's floor
#   scripts/bench.sh growth    alone: how cost grows with numbers, calls and cores
set -euo pipefail
began=$(date +%s)
which=${1:?run or growth}
shift
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
scripts/setup.sh bench >&2
echo "bench: building meetpoint-edge (minutes the first time)" >&2
cargo build --locked --release --package edge-host --package yardstick >&2
target=$(cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec python3 "bench/signalling/$which.py" --bin "$target/release" --began "$began" "$@"
