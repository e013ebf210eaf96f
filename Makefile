# make demo   a real call on loopback, from nothing
# make test   builds, and runs all tests
# make interop  calls with software that takes long to install or to run
# make interop-ai talks with a realtime server that takes gigabytes to install
# make lint   formats, lints, types
# make bench  figures beside peers, measured here
# make goals  the goals of whole calls and of hostile input, each with what was measured
# make soak   thousands of calls of all kinds; the gateway must be as before (FOR=seconds or CALLS=n)
# make fuzz   hostile input for an hour, FOR=seconds a target
# make counts instructions of the hot paths, held against a table

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# CMake, which builds libopus, comes with the other tools.
export PATH := $(abspath $(BIN)):$(PATH)
CRATES := -p fourwire -p fourwire-kernels -p fourwire-audioop -p fourwire-engine -p fourwire-network

# Files of tests side by side, those of one file one after the other.
TWO_TESTS := $(BIN)/pytest --numprocesses 2 --dist loadfile

# What talks WebSocket: also with the newest websockets, which the openai SDK does not want yet.
TALK_WEBSOCKET := tests/python/test_media_link.py tests/python/test_life.py \
	$(wildcard tests/python/test_inworld_*.py tests/python/test_standin_*.py)

# One stamp a step, so that what was done is not done again.
TOOLS := $(VENV)/.tools
PEERS := $(VENV)/.peers
BUILT := $(VENV)/.built
SOURCES := $(shell find rust python -name '*.rs' -o -name 'Cargo.toml') Cargo.toml Cargo.lock pyproject.toml

.PHONY: demo test test-rust test-python interop interop-ai lint format bench bench-peers goals soak counts counts-renew fuzz fuzz-smoke build peers clean

demo: $(BUILT)
	$(BIN)/fourwire demo --out out/demo

test: test-rust test-python

# With Opus, as wheels have it; and without, and without our own vector instructions.
test-rust: $(TOOLS)
	cargo test --quiet $(CRATES) --features fourwire/opus
	cargo test --quiet -p fourwire-kernels -p fourwire --features portable --lib --test '*'

# Most tests wait for calls in real time: two share the machine well. Some need all of it.
test-python: $(BUILT) peers
	$(TWO_TESTS) -m "not heavy and not ai and not alone"
	$(BIN)/pytest -m "alone and not heavy and not ai"
	$(BIN)/pip install --quiet --upgrade --target .venv/newest websockets
	PYTHONPATH=.venv/newest $(TWO_TESTS) $(TALK_WEBSOCKET)

interop: $(BUILT) peers
	scripts/install_asterisk.sh
	$(TWO_TESTS) -m heavy

interop-ai: $(BUILT)
	scripts/install_speech_to_speech.sh
	$(BIN)/pytest -m ai

lint: $(BUILT)
	cargo fmt --check
	cargo fmt --manifest-path rust/fuzz/Cargo.toml --check
	cargo fmt --manifest-path benches/rust/surroundings/Cargo.toml --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	cargo clippy --quiet --workspace --all-targets --features fourwire-python/opus -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps $(CRATES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format:
	cargo fmt
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(BUILT) bench-peers
	$(BIN)/python -m benches

# About twenty minutes on a machine of its own; without one, most of it is no verdict.
goals: $(BUILT) peers bench-peers
	scripts/install_fuzz.sh
	$(BIN)/python -m benches.goals

soak: $(BUILT)
	$(BIN)/python -m benches.soak $(if $(CALLS),--calls $(CALLS)) $(if $(FOR),--seconds $(FOR)) $(if $(SEED),--seed $(SEED))

# Where a change is meant to cost more or less, counts-renew writes the table anew.
counts: peers
	cargo bench --quiet -p fourwire --bench counts

counts-renew: peers
	cargo bench --quiet -p fourwire --bench counts -- --renew

# Everything that is fed from outside, and every buffer, fed with what nobody would think of.
fuzz:
	scripts/install_fuzz.sh
	scripts/fuzz.sh $(or $(FOR),240)

# The same inputs every time, in a minute or two.
fuzz-smoke:
	scripts/install_fuzz.sh
	scripts/fuzz.sh smoke

# What the benches compare with, and the voices that they send: as much of it as can be had.
bench-peers: $(TOOLS)
	$(BIN)/pip install --quiet --group bench
	scripts/install_bench_peers.sh
	cargo build --quiet --release --manifest-path benches/rust/neteq/Cargo.toml --target-dir target/peers
	cargo build --quiet --release --manifest-path benches/rust/surroundings/Cargo.toml --target-dir target/peers

build: $(BUILT)

$(BUILT): $(TOOLS) $(SOURCES)
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --release --quiet
	touch $@

$(TOOLS): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fourwire needs Python 3.11 or newer; set PYTHON=")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet "maturin>=1.14,<2" "cmake>=3.16" --group test --group lint
	touch $@

# Software that the tests call: SIPp, baresip, valgrind. Without it those tests are skipped, but not in CI.
peers: $(PEERS)

$(PEERS): scripts/install_peers.sh scripts/install_pipecat.sh | $(TOOLS)
	scripts/install_peers.sh
	PYTHON=$(PYTHON) scripts/install_pipecat.sh
	touch $@

clean:
	rm -rf target $(VENV) out build
