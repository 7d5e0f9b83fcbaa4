#!/usr/bin/env bash
# Builds what the demo needs and runs it; further arguments go to `meetpoint demo`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/scripts/setup.sh" demo >&2
"$root/scripts/web.sh" build >&2
echo "demo: building meetpoint (minutes the first time, seconds afterwards)" >&2
binary=$("$root/scripts/binary.sh" demo)
exec "$binary" demo "$@"
