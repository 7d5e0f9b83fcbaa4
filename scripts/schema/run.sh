#!/usr/bin/env bash
# Lets schemathesis hold every face against its document, in a seeded world;
# arguments go to run.py (--help). About five minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
scripts/setup.sh test
binary=$(scripts/binary.sh dev)
exec "${CARGO_TARGET_DIR:-target}/schemathesis/bin/python" -B scripts/schema/run.py --bin "$binary" "$@"
