#!/usr/bin/env bash
# Offers an edge ten times what it can carry, with calls for help among them.
# The edge gets a quota of CPU that puts its peak near 400 calls a second, in a
# control group of its own, for which root is needed. About two minutes; further
# arguments go to `yardstick flood`. The last line:
#
#   goodput_ratio=… emergency_connected=100 …
#
# The first is to be 0.80 at least; it ends with an error otherwise.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
if [ -z "${BIN:-}" ]; then
    echo "overload: building (minutes the first time)" >&2
    cargo build --locked --release --package edge-host --package yardstick >&2
    BIN=$(cargo metadata --locked --no-deps --format-version 1 |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release
fi
exec 9>"${TMPDIR:-/tmp}/meetpoint-bench.lock"
flock 9

if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    top=/sys/fs/cgroup
    echo +cpu >$top/cgroup.subtree_control
else
    top=$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpu(,|$)/ {print $2; exit}' /proc/mounts)
fi
group=$top/meetpoint-overload-$$
mkdir "$group" || {
    echo "overload: no control group for a quota of CPU: run as root, with the cpu controller" >&2
    exit 1
}
folder=$(mktemp -d)
edge=
finish() {
    [ -z "$edge" ] || kill "$edge" 2>/dev/null || true
    wait 2>/dev/null || true
    rmdir "$group" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

export MEETPOINT_TOKEN=yardstick
"$BIN/yardstick" flood --write "$folder/edge" --group "$group"
RUST_LOG=error "$BIN/meetpoint-edge" --url http://127.0.0.1:9 --data-dir "$folder/edge" \
    --shards 1 --sip-udp 127.0.0.1:5960 --sip-tcp 127.0.0.1:5960 >&2 9>&- &
edge=$!
echo "$edge" >"$group/cgroup.procs"
sleep 1
kill -0 "$edge"
"$BIN/yardstick" flood --pid "$edge" --group "$group" "$@"
