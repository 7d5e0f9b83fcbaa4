#!/usr/bin/env bash
# Fuzzes every target for its share of the time and stops at the first find.
#
#   scripts/fuzz.sh [SECONDS]    all targets together (default 600)
#
# Installs cargo-fuzz where it is missing. What the fuzzer learns stays in
# fuzz/grown; a find lies in fuzz/artifacts: mend it, and put the file into
# fuzz/corpus/TARGET so that the tests replay it.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VERSION=0.13.2
readonly SECONDS_IN_ALL=${1:-600}
readonly TARGETS=(message uri sdp multipart digest seal snapshot stream)

if ! cargo fuzz --version 2>/dev/null | grep -qF " $VERSION"; then
    echo "fuzz: installing cargo-fuzz $VERSION"
    cargo install cargo-fuzz --version "$VERSION" --locked --quiet
fi

# Without a sanitizer (-s none) the stable compiler is enough; the code has no
# unsafe block for one to look into.
echo "fuzz: building ${#TARGETS[@]} targets"
cargo fuzz build -s none

each=$((SECONDS_IN_ALL / ${#TARGETS[@]}))
for target in "${TARGETS[@]}"; do
    mkdir -p "fuzz/grown/$target"
    corpus=("fuzz/grown/$target" "fuzz/corpus/$target")
    case $target in
    message | stream) corpus+=(crates/sip/tests/corpus/rfc4475 crates/sip/tests/corpus/rfc5118) ;;
    esac
    echo "fuzz: $target for ${each} s"
    log=fuzz/grown/$target.log
    if ! cargo fuzz run -s none "$target" "${corpus[@]}" -- \
        -max_total_time="$each" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
        -dict=fuzz/sip.dict -print_final_stats=1 >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "fuzz: $target FAILED; its input lies in fuzz/artifacts/$target" >&2
        exit 1
    fi
    grep -E 'stat::(number_of_executed_units|average_exec_per_sec)' "$log" | sed 's/^/fuzz: /'
done
echo "fuzz: nothing found"
