#!/usr/bin/env bash
# Builds the web page into web/dist, doing only what is stale: packages when the
# lock file changed, the page when a source changed.
#
#   scripts/web.sh packages   node_modules only
#   scripts/web.sh build      node_modules and web/dist
set -euo pipefail
cd "$(dirname "$0")/../web"

packages() {
    local want stamp=node_modules/.lock-installed
    want=$(sha256sum package-lock.json package.json .npmrc | sha256sum | cut -d' ' -f1)
    [ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || return 0
    echo "web: installing packages (about a minute the first time)"
    npm ci --no-audit --no-fund --loglevel=error
    echo "$want" >"$stamp"
}

build() {
    local want stamp=node_modules/.page-built-from
    want=$(find index.html src public package-lock.json vite.config.ts tsconfig.json -type f -print0 2>/dev/null |
        sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
    [ ! -f dist/index.html ] || [ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || return 0
    echo "web: building the page"
    npm run --silent build
    echo "$want" >"$stamp"
}

case ${1:-build} in
packages) packages ;;
build)
    packages
    build
    ;;
*)
    echo "web: unknown step '$1' (packages or build)" >&2
    exit 2
    ;;
esac
