# `make demo` and `make test` are all a newcomer needs; both do their own set-up.
.DEFAULT_GOAL := help
.PHONY: help demo test setup web fmt fuzz schema bench-signalling bench-signalling-growth soak bench-overload bench-migrate bench-api

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-24s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## build and run a whole exchange with simulated operators and a page to look at
	@scripts/demo.sh $(ARGS)

test: ## every check and test (20 to 35 minutes on 2 cores from a clean clone)
	@scripts/test.sh

soak: ## long loads with things killed, the last release beside this one (half an hour or more)
	@scripts/soak.sh

setup: ## install what `make test` needs (Debian, as root)
	@scripts/setup.sh test

web: ## build the web page into web/dist
	@scripts/web.sh build

fuzz: ## fuzz everything that reads bytes from outside (10 minutes; ARGS=SECONDS)
	@scripts/fuzz.sh $(ARGS)

schema: ## hold every face of the API against its document (five minutes on 2 cores; ARGS=--show)
	@scripts/schema/run.sh $(ARGS)

fmt: ## format the Rust code
	@cargo fmt --all

bench-signalling: ## the edge beside Kamailio and a bare forwarder (below 15 minutes on 2 quiet cores)
	@scripts/bench.sh run $(ARGS)

bench-signalling-growth: ## what the edge costs with more numbers, calls and cores (below 15 minutes)
	@scripts/bench.sh growth $(ARGS)

bench-overload: ## ten times what the edge can carry, with 100 calls for help (root, about four minutes)
	@bench/overload/run.sh $(ARGS)

bench-migrate: ## import and verdict of a large tenant beside DuckDB (a release build of a quarter of an hour, then two minutes)
	@bench/migrate/run.sh $(ARGS)

bench-api: ## uploads, look-ups, pages, the feed and assignments beside bare statements, on both databases (below 15 minutes)
	@bench/api/run.sh $(ARGS)
