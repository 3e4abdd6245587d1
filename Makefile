# `make help` lists what there is to make.

CARGO ?= cargo
PREFIX ?= /usr/local
BINARY = $(or $(CARGO_TARGET_DIR),target)/release/firepush

.PHONY: help demo check check-full manual install setup

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s%s\n", $$1, $$2 }' Makefile

demo: ## push a real log of this machine through a real server and explain each step
	@tests/setup.sh demo
	@$(CARGO) build --locked --bin firepush --example demo
	@$(CARGO) run --locked --quiet --example demo

check: setup ## all that CI runs: format, lints, documentation, tests against real servers
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps
	$(CARGO) test --locked --no-fail-fast
	$(CARGO) test --locked --features intl --lib host

check-full: export FIREPUSH_FULL = 1
check-full: check ## the same with every cell of every matrix

manual: ## make the manual pages and completions from the tables
	$(CARGO) run --locked --quiet --example manual -- docs

install: ## build and install the binary under DESTDIR and PREFIX (/usr/local)
	$(CARGO) build --locked --release --bin firepush
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/firepush
	install -D -m 644 docs/firepush.1 $(DESTDIR)$(PREFIX)/share/man/man1/firepush.1
	install -D -m 644 docs/firepush.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/firepush.conf.5
	install -D -m 644 docs/completions/firepush.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/firepush
	install -D -m 644 docs/completions/_firepush $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_firepush
	install -D -m 644 docs/completions/firepush.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/firepush.fish

setup:
	@tests/setup.sh check
