# One command for each thing a person or CI does. `make` alone lists them.
#
# The target directory lives outside the checkout, so that a fresh clone reuses what was compiled before (a clean build of
# RocksDB and DataFusion takes half an hour on two cores). Everything uses the release profile for the same reason.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/nebulusdb
export CARGO_TARGET_DIR ?= $(CACHE)/target
export NEBULUSDB_CACHE ?= $(CACHE)
export NEBULUSDB_BIN ?= $(CARGO_TARGET_DIR)/release/nebulusdb
# Steps of `make soak`: it plays more networks, honest ones and such with liars, until either kind has come to so many.
STEPS ?= 1000000
# Networks that `make soak` plays.
SEEDS ?= 20000
# Random statements that `make soak` compares with PostgreSQL, and which ones.
STATEMENTS ?= 100000
STATEMENTS_SEED ?= soak
# Folder of suites for `make compat`.
SUITES ?=
# Arguments of `make bench`, for example: make bench ARGS="--only nearest --seconds 5"
ARGS ?=

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

.PHONY: install-deps
install-deps: ## install the compilers and clients that are missing (without root: print the command)
	@scripts/install-deps build test

.PHONY: build
build: ## build the server; the last line of standard output is the path of the binary
	@scripts/install-deps build >&2
	@cargo build --release --locked --bin nebulusdb >&2
	@echo "$(CARGO_TARGET_DIR)/release/nebulusdb"

.PHONY: demo
demo: ## build, start a server, load the sample, show both languages, keep serving (ONCE=1: stop after the queries)
	@ONCE="$(ONCE)" demo/run

.PHONY: demo-network
demo-network: ## build, start three nodes on this machine, share memories between them, keep serving (ONCE=1: stop at the end)
	@ONCE="$(ONCE)" demo/network

.PHONY: lint
lint: ## formatting, clippy, and cargo-deny where it is installed
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny --offline check bans licenses sources; \
	else echo "lint: cargo-deny is not installed, licences and sources were NOT checked" >&2; fi

.PHONY: test
test: ## formatting, clippy, Rust tests, Python drivers, random statements and dumps beside PostgreSQL
	@scripts/install-deps build test
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings
	cargo test --release --locked --no-run
	scripts/test-rust 25 --lib --bins
	@# Most of these wait for one another's networks.
	scripts/test-rust 25 --test it -- --test-threads $$((2 * $$(nproc)))
	scripts/test-clients
	scripts/test-python --quick
	scripts/test-differential
	scripts/test-dumps

.PHONY: test-clients
test-clients: build ## PostgreSQL's drivers, agents' frameworks, the clients under clients/ (Python, Rust, TypeScript: needs node 20 and npm), the dashboard
	@scripts/install-deps build test
	scripts/test-clients
	scripts/test-python
	scripts/test-python --moving
	scripts/test-frameworks
	scripts/test-rust-client
	scripts/test-typescript
	scripts/test-console
	scripts/test-agents
	scripts/test-dashboard

.PHONY: test-all
test-all: test test-clients test-packages test-editors test-features ## `make test`, and each of `make test-clients`, `-packages`, `-editors`, `-features`

.PHONY: test-packages
test-packages: build ## install each package on a bare Debian and start it, and replay docker/ there (needs root)
	NEBULUSDB_BIN="$$(scripts/build-features)" scripts/test-packages

.PHONY: test-editors
test-editors: ## KNIRVQL's grammars for VS Code, CodeMirror and tree-sitter (needs node 20 and npm)
	scripts/test-editors

.PHONY: test-features
test-features: ## build with the features otel and s3, lint that, and test them
	@scripts/install-deps build test
	cargo clippy --release --locked --features otel,s3 --all-targets -- -D warnings
	scripts/test-features

.PHONY: console
console: ## build the web console's sources into the files that the server embeds (needs node 20 and npm)
	@scripts/build-console

.PHONY: dist
dist: build ## pack the stripped server, with the features otel and s3, into dist/: tarball, Debian package, wheel, npm package
	@NEBULUSDB_BIN="$$(scripts/build-features)" scripts/dist dist

.PHONY: soak
soak: build ## hours of simulated networks, and 100,000 statements beside PostgreSQL (STEPS=n, SEEDS=n, STATEMENTS=n: how much)
	@scripts/install-deps build test
	scripts/test-differential --statements "$(STATEMENTS)" --seed "$(STATEMENTS_SEED)"
	NEBULUSDB_SOAK_STEPS="$(STEPS)" NEBULUSDB_SIM_SEEDS="$(SEEDS)" cargo test --release --locked soak -- --ignored --nocapture --test-threads 1

.PHONY: compat
compat: build ## run PostgreSQL's, pgvector's and sqllogictest's files in SUITES=folder here and on PostgreSQL (ARGS=--judged: fewer)
	@scripts/install-deps bench
	@scripts/test-compat "$(SUITES)" $(ARGS)

.PHONY: bench
bench: build ## compare with PostgreSQL 18 + pgvector in one run; writes benches/RESULTS.md
	@scripts/install-deps bench
	@python="$$(scripts/venv bench benches/requirements.txt)"; "$$python" -B benches/compare.py $(ARGS)

.PHONY: million
million: ## vary the full data set into 1,000,000 vectors with exact answers, once, for `make bench ARGS=--million`
	@scripts/install-deps bench
	@python="$$(scripts/venv bench benches/requirements.txt)"; "$$python" -B benches/million.py $(ARGS)

.PHONY: bench-tpch
bench-tpch: build ## run the 22 queries of TPC-H beside PostgreSQL (ARGS="--scale 0.1"); writes benches/TPCH.md
	@scripts/install-deps bench
	@python="$$(scripts/venv tpch benches/requirements-tpch.txt)"; "$$python" -B benches/tpch.py $(ARGS)

.PHONY: bench-peers
bench-peers: build ## compare the index in process with usearch, faiss, hnswlib, SVS, databases in process; writes benches/PEERS.md
	@scripts/install-deps bench
	@cargo bench --locked --bench nearest_index --no-run >&2
	@python="$$(scripts/venv peers benches/requirements-peers.txt --each)"; "$$python" -B benches/peers.py $(ARGS)

.PHONY: bench-sync
bench-sync: build ## measure sync between nodes on loopback beside iroh; writes into benches/RESULTS.md
	@scripts/install-deps bench
	@cargo build --release --locked --manifest-path benches/iroh/Cargo.toml --target-dir "$(CARGO_TARGET_DIR)/iroh" >&2
	@python="$$(scripts/venv bench benches/requirements.txt)"; \
	IROH_BIN="$(CARGO_TARGET_DIR)/iroh/release/iroh-peers" "$$python" -B benches/sync.py $(ARGS)

.PHONY: clean
clean: ## remove this project's own build products; the compiled dependencies stay
	cargo clean --release --package nebulusdb
	rm -rf "$(CACHE)/venv-clients" "$(CACHE)/venv-bench" "$(CACHE)/venv-peers" "$(CACHE)/venv-tpch" "$(CACHE)/venv-python-client" "$(CACHE)/venv-python-client-quick" "$(CACHE)/venv-python-client-moving"
