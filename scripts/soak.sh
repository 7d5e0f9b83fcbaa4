#!/usr/bin/env bash
# The tier above `make test`: long loads with things killed under them, the last
# release's program beside this one, and many seeds of the simulators. Half
# an hour or more on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
cargo clippy --locked --package meetpoint --features soak --all-targets -- -D warnings
MEETPOINT_LAST_RELEASE=$(scripts/last-release.sh)
export MEETPOINT_LAST_RELEASE
# One after the other: each wants the cores for itself.
cargo test --locked --profile demo --package meetpoint --features soak --test it -- \
    --test-threads 1 --nocapture soak::
SEEDS=200 LONG_MB=1024 cargo test --locked --profile demo --package migrate --test it -- planted a_very_long_table
RACE_SECONDS=60 cargo test --locked --profile demo --package exchange --test it -- \
    --nocapture race::
# What tenants and operators do to numbers, beside a model: a million steps on SQLite, fewer on PostgreSQL.
MODEL_SEED=${MODEL_SEED:-random} MODEL_STEPS=${MODEL_STEPS:-1000000} \
    cargo test --locked --profile demo --package exchange --test it -- --nocapture model::the_store_does_as_the_model_does::sqlite
MODEL_SEED=${MODEL_SEED:-random} MODEL_STEPS=${MODEL_STEPS_PG:-100000} \
    cargo test --locked --profile demo --package exchange --test it -- --nocapture model::the_store_does_as_the_model_does::postgres
SIM_SEEDS=${SIM_SEEDS:-2000} \
    cargo test --locked --profile demo --package edge --test it -- sim::
