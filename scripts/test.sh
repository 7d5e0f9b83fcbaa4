#!/usr/bin/env bash
# Everything `make test` promises, in one cargo profile. Each part is named
# before it runs and timed after it; a failing part does not hide the next one.
# The closing line counts what the test programs themselves reported, plus one
# for each check that is not a test program (format, lints, build).
set -uo pipefail
cd "$(dirname "$0")/.."
export NO_COLOR=1 CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never
# Nobody builds there twice: what would make a second build quick is half of what a clean clone's
# build leaves on the disk.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0
exec </dev/null

# What the build and the tests leave on the disk, with some room.
readonly NEEDED_GB=8

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 started=$SECONDS
summary=()

sum() { # sum FILE REGEX-with-one-number: adds up every match
    sed -nE "s/$2/\\1/p" "$1" | awk '{n += $1} END {print n + 0}'
}

# part NAME KIND COMMAND...; KIND says how the part reports its tests.
part() {
    local name=$1 kind=$2 log=$logs/log begun=$SECONDS status good=0 bad=0
    shift 2
    printf '\n== %s: %s\n' "$name" "$*"
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    case $kind in
    cargo)
        good=$(sum "$log" '^test result: .* ([0-9]+) passed;.*')
        bad=$(sum "$log" '^test result: .* ([0-9]+) failed;.*')
        ;;
    vitest)
        good=$(sum "$log" '^ +Tests .*[^0-9]([0-9]+) passed.*')
        bad=$(sum "$log" '^ +Tests +([0-9]+) failed.*')
        ;;
    playwright)
        good=$(sum "$log" '^ +([0-9]+) passed.*')
        bad=$(sum "$log" '^ +([0-9]+) failed.*')
        ;;
    check) [ "$status" != 0 ] || good=1 ;;
    esac
    # A part that broke without a failing test (it did not compile, say) is a failure too,
    # and so is a test program that ran nothing.
    if { [ "$status" != 0 ] || [ "$good" = 0 ]; } && [ "$bad" = 0 ]; then bad=1; fi
    passed=$((passed + good)) failed=$((failed + bad))
    summary+=("$(printf '%-22s %4d s  %5d passed %3d failed' "$name" $((SECONDS - begun)) "$good" "$bad")")
    printf -- '-- %s: %d s\n' "$name" $((SECONDS - begun))
    [ "$bad" = 0 ]
}

free=$(df --output=avail -BG . | tail -n 1 | tr -dc 0-9)
printf '%s GB are free here' "$free"
[ "$free" -ge "$NEEDED_GB" ] || printf ': too few, %s are needed' "$NEEDED_GB"
printf '\n'
part 'set-up' check scripts/setup.sh test || exit 1
part 'rust format' check cargo fmt --all --check
part 'web packages' check scripts/web.sh packages
part 'OpenID provider' check npm --prefix crates/api/tests/oidc-provider ci --silent
part 'web types' check npm --prefix web run --silent typecheck
part 'web tests' vitest npm --prefix web run --silent test
part 'web build' check scripts/web.sh build
part 'web size' check npm --prefix web run --silent size
part 'rust lints' check cargo clippy --locked --workspace --all-targets -- -D warnings
part 'rust tests' cargo cargo test --locked --workspace --no-fail-fast
# At a thousandth of its size, so that it is known to run when it is wanted.
part 'api bench' check bench/api/run.sh --debug --trial
part 'api schema' check scripts/schema/run.sh
part 'browser stories' playwright npm --prefix web run --silent e2e

printf '\n'
printf '%s\n' "${summary[@]}"
printf '%-22s %4d s\n\n' 'all' $((SECONDS - started))
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
