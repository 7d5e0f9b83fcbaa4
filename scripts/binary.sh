#!/usr/bin/env bash
# Builds `meetpoint` in the given cargo profile and prints the path of the
# program, as cargo reports it (a target directory may be anywhere).
#
#   scripts/binary.sh demo|dev
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --locked --profile "${1:-demo}" --package meetpoint --bin meetpoint \
    --message-format=json-render-diagnostics |
    node -e '
        let last = "";
        require("node:readline").createInterface({ input: process.stdin })
            .on("line", (line) => {
                const message = JSON.parse(line);
                if (message.reason === "compiler-artifact" && message.executable) last = message.executable;
            })
            .on("close", () => {
                if (!last) process.exit(1);
                console.log(last);
            });'
