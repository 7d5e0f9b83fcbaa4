#!/usr/bin/env bash
# Gets a Debian 12 machine that has Rust and Node ready for one of the make
# targets. Safe to run again and again: it does nothing when nothing is missing.
#
#   scripts/setup.sh demo    what `make demo` needs (compiler, linker)
#   scripts/setup.sh test    that, and PostgreSQL, SIPp, baresip, SIP scanners, Exim, Chromium and schemathesis
#   scripts/setup.sh bench   what the benchmarks need (Kamailio, SIPp, tcpdump)
#   scripts/setup.sh api     what the benchmark of the API needs (PostgreSQL)
#
# As root on Debian it installs what is missing; otherwise it says what to
# install and exits 1.
set -euo pipefail

readonly RUST_MIN=1.95 NODE_MIN=20.19
root=$(cd "$(dirname "$0")/.." && pwd)
set_name=${1:-test}

has() { command -v "$1" >/dev/null 2>&1; }
has_initdb() { has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

# Presence is asked of the commands, not of dpkg, so that a machine which got
# them another way is left alone.
missing=()
need() { # need PACKAGE CHECK...
    local package=$1
    shift
    "$@" || missing+=("$package")
}

need_for_demo() {
    need build-essential has cc
    need mold has mold
}

need_for_test() {
    need_for_demo
    need git has git
    need postgresql-15 has_initdb
    need sip-tester has sipp
    need baresip-core has baresip
    need sipsak has sipsak
    need sipvicious has svcrack
    need chromium has chromium
    need exim4-daemon-light has exim4
    need python3-venv has_venv
    need openssl has openssl
}

has_venv() { has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; }

# schemathesis is Python's, in an environment of its own whose packages are pinned by their hashes.
python_packages() {
    [ "$set_name" = test ] || return 0
    local list=$root/scripts/schema/requirements.txt venv want
    venv=${CARGO_TARGET_DIR:-$root/target}/schemathesis
    want=$(sha256sum "$list" | cut -d' ' -f1)
    [ "$(cat "$venv/.made-from" 2>/dev/null)" != "$want" ] || return 0
    echo "setup: installing schemathesis"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$list"
    echo "$want" >"$venv/.made-from"
}

has_kamailio() { # has_kamailio MODULE
    has kamailio && compgen -G "/usr/lib*/*/kamailio/modules/$1.so" >/dev/null
}
need_for_bench() {
    need_for_demo
    need python3 has python3
    need sip-tester has sipp
    need tcpdump has tcpdump
    need kamailio has_kamailio topoh
    need kamailio-sqlite-modules has_kamailio db_sqlite
}

need_for_api() {
    need_for_demo
    need python3 has python3
    need postgresql-15 has_initdb
}

case $set_name in
demo) need_for_demo ;;
test) need_for_test ;;
bench) need_for_bench ;;
api) need_for_api ;;
*)
    echo "setup: unknown set '$set_name' (demo, test, bench or api)" >&2
    exit 2
    ;;
esac

at_least() { # at_least HAVE WANT, both dotted numbers
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]
}

problems=0
check_tool() { # check_tool NAME WANT HAVE WHERE
    if [ -z "$3" ]; then
        echo "setup: $1 is missing; Meetpoint needs $1 $2 or newer ($4)" >&2
        problems=1
    elif ! at_least "$3" "$2"; then
        echo "setup: $1 $3 is too old; Meetpoint needs $1 $2 or newer ($4)" >&2
        problems=1
    fi
}
check_tool rust "$RUST_MIN" "$(rustc --version 2>/dev/null | awk '{print $2}')" 'https://rustup.rs'
[[ $set_name = bench || $set_name = api ]] || check_tool node "$NODE_MIN" "$(node --version 2>/dev/null | sed 's/^v//')" 'https://nodejs.org'
if ! has cargo; then
    echo "setup: cargo is missing; install the whole Rust toolchain (https://rustup.rs)" >&2
    problems=1
fi
if [[ $set_name != bench && $set_name != api ]] && ! has npm; then
    echo "setup: npm is missing; it comes with Node (https://nodejs.org)" >&2
    problems=1
fi
[ "$problems" = 0 ] || exit 1
if [ ${#missing[@]} -eq 0 ]; then
    python_packages
    exit 0
fi

if [ "$(id -u)" != 0 ] || ! has apt-get; then
    echo "setup: these Debian packages (or what your system calls them) are missing: ${missing[*]}" >&2
    echo "setup: install them with: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

# No service may start because a test wanted its programs: policy-rc.d forbids
# it while apt runs, and what stood there before comes back afterwards.
readonly POLICY=/usr/sbin/policy-rc.d
kept=
restore_policy() {
    rm -f "$POLICY"
    if [ -n "$kept" ]; then mv "$kept" "$POLICY"; fi
}
if [ -e "$POLICY" ] || [ -L "$POLICY" ]; then
    kept=$(mktemp -u "$POLICY.kept.XXXXXX")
    mv "$POLICY" "$kept"
fi
trap restore_policy EXIT
printf '#!/bin/sh\nexit 101\n' >"$POLICY"
chmod 755 "$POLICY"

had_kamailio=no
! has kamailio || had_kamailio=yes
had_cluster=no
[ ! -e /etc/postgresql/15/main ] || had_cluster=yes

echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
quiet=(-qq -o=Dpkg::Use-Pty=0)
apt-get "${quiet[@]}" install -y --no-install-recommends "${missing[@]}" ||
    { apt-get "${quiet[@]}" update && apt-get "${quiet[@]}" install -y --no-install-recommends "${missing[@]}"; }

# Debian makes a cluster with the package; the tests make their own, so this
# one must not come up at the next boot either.
if [ "$had_cluster" = no ] && [ -f /etc/postgresql/15/main/start.conf ]; then
    echo manual >/etc/postgresql/15/main/start.conf
fi
if [ "$had_kamailio" = no ] && [ -f /etc/init.d/kamailio ]; then
    if has systemctl; then systemctl --quiet disable kamailio; else update-rc.d kamailio disable; fi
fi
python_packages
