# `make help` lists what there is to make.

CARGO ?= cargo
CC ?= cc
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
RELEASE = $(or $(CARGO_TARGET_DIR),target)/$(if $(CARGO_BUILD_TARGET),$(CARGO_BUILD_TARGET)/)release
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
SHARED = libfirepush.so.$(VERSION)
# One more with each release that breaks programs of the one before, as src/capi/firepush.map has it.
ABI = 0
SONAME = libfirepush.so.$(ABI)

.PHONY: help demo check check-board check-full manual recipes size capi install install-bin install-capi deb dist dist-all
.PHONY: setup

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s%s\n", $$1, $$2 }' Makefile

demo: ## push a real log of this machine through a real server and explain each step
	@tests/setup.sh demo
	@$(CARGO) build --locked --bin firepush --example demo
	@$(CARGO) run --locked --quiet --example demo

check: setup ## all that CI runs: format, lints, documentation, tests against real servers
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --no-default-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps
	$(CARGO) test --locked --no-fail-fast $(if $(FIREPUSH_FULL),-- --include-ignored)
	$(CARGO) clippy --locked --all-targets --features capi,capi-fault -- -D warnings
	$(CARGO) test --locked --features intl,capi --lib -- host capi

check-board: export FIREPUSH_FULL = 1
check-board: setup ## what boards show: transfers under emulators, 4 GiB on 32 bits, memory, every target
	$(CARGO) test --locked --no-fail-fast --test board -- --include-ignored --show-output

check-full: export FIREPUSH_FULL = 1
check-full: check ## the same with every cell of every matrix

manual: ## make the manual pages and completions from the tables
	$(CARGO) run --locked --quiet --example manual -- docs

recipes: ## make what the recipes in board repeat: crate lists, units
	$(CARGO) run --locked --quiet --example inventory -- recipes board

size: setup ## measure the binary for armv7 by profile and feature, and memory: board/SIZE.md
	FIREPUSH_SIZE=write $(CARGO) test --locked --test board -- --include-ignored size_md

capi: ## build libfirepush.a and libfirepush.so for C
	$(CARGO) rustc --locked --release --lib --features capi --crate-type staticlib
	$(CC) $(LDFLAGS) -shared -o $(RELEASE)/$(SHARED) -Wl,-soname,$(SONAME) -Wl,--version-script=src/capi/firepush.map \
		-Wl,--gc-sections -Wl,--whole-archive $(RELEASE)/libfirepush.a -Wl,--no-whole-archive -lpthread -ldl -lm

install: install-bin install-capi ## install all of it under DESTDIR, PREFIX (/usr/local) and LIBDIR (PREFIX/lib)

install-bin: ## install the binary, its manual pages and completions
	$(CARGO) build --locked --release --bin firepush
	install -D -m 755 $(RELEASE)/firepush $(DESTDIR)$(PREFIX)/bin/firepush
	install -D -m 644 docs/firepush.1 $(DESTDIR)$(PREFIX)/share/man/man1/firepush.1
	install -D -m 644 docs/firepush.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/firepush.conf.5
	install -D -m 644 docs/completions/firepush.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/firepush
	install -D -m 644 docs/completions/_firepush $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_firepush
	install -D -m 644 docs/completions/firepush.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/firepush.fish

install-capi: capi ## install the header, the libraries and the pkg-config file
	install -D -m 644 src/capi/firepush.h $(DESTDIR)$(PREFIX)/include/firepush.h
	install -D -m 644 $(RELEASE)/libfirepush.a $(DESTDIR)$(LIBDIR)/libfirepush.a
	install -D -m 755 $(RELEASE)/$(SHARED) $(DESTDIR)$(LIBDIR)/$(SHARED)
	ln -sf $(SHARED) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libfirepush.so
	mkdir -p $(DESTDIR)$(LIBDIR)/pkgconfig
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' src/capi/firepush.pc.in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/firepush.pc

deb: ## build Debian packages into dist (ARCH=amd64, armhf or arm64)
	board/debian/build.sh $(or $(ARCH),amd64)

dist: ## build dist/firepush-VERSION-TARGET.tar.gz (TARGET of board/cross/targets; PROFILE=full, small or tiny)
	@CARGO='$(CARGO)' FIREPUSH_STD='$(PROFILE)' board/cross/dist.sh dist $(TARGET)

dist-all: TARGET = $(shell awk '/^[a-z]/ { print $$1 }' board/cross/targets)
dist-all: dist ## the same for every target

setup:
	@tests/setup.sh check
