# What a person and a packager type. `make` builds the tools into target/release.
#
#   make            build                       make demo       run the main job and show it
#   make check      run the suite               make install    DESTDIR= PREFIX=/usr/local
#   make installcheck  the suite on what is installed
#   make transparency  play every scene bare and under each link, and print what differs
#   make check-vm   the suite on another kernel, in a virtual machine (VM_TESTS= names some)
#   make soak       the races and the launches, thousands of times
#   make bench      how fast the tools are, beside others
#
# STATIC=0 links dynamically. STRICT=1 makes `check` fail when there is something that it could not run.

STATIC   = 1
STRICT   = 0
PREFIX   = /usr/local
DESTDIR  =
BINDIR   = $(PREFIX)/bin
DOCDIR   = $(PREFIX)/share/doc/unshare-tools
CARGO    = cargo
INSTALL  = install
# The machine to build for, as rustc names it.
TARGET   = $(shell rustc -vV | sed -n 's/^host: //p')

TOOLS    = unshare-user unshare-pid unshare-mnt unshare-net unshare-uts unshare-ipc \
           unshare-cgroup unshare-time limit-cgroup nstree
BUILT    = $(TOOLS:%=target/release/%)
SOURCES  = Cargo.toml Cargo.lock $(shell find common $(TOOLS) -name '*.rs' -o -name Cargo.toml)

all: $(BUILT)

# Built by cargo when a source is newer, so that a tree that is built already needs no cargo to be checked or installed.
$(BUILT) &: $(SOURCES) target/form
ifeq ($(STATIC),0)
	$(CARGO) build --release --locked
else
	# With --target the flag is not for build scripts and macros, which cannot be static.
	RUSTFLAGS="$$RUSTFLAGS -C target-feature=+crt-static" $(CARGO) build --release --locked --target $(TARGET)
	mkdir -p target/release
	$(INSTALL) $(TOOLS:%=target/$(TARGET)/release/%) target/release/
endif
	touch $(BUILT)

# Rewritten when the form changes, and only then.
target/form: FORCE
	@mkdir -p target
	@echo 'STATIC=$(STATIC)' | cmp -s - $@ || echo 'STATIC=$(STATIC)' >$@

# The suite is one program; it takes the tools from UNSHARE_TOOLS.
SUITE_SOURCES = Cargo.toml Cargo.lock $(shell find tests common -name '*.rs' -o -name Cargo.toml)
target/suite: $(SUITE_SOURCES)
	$(CARGO) test --locked --package tests --no-run
	$(INSTALL) "$$($(CARGO) test --locked --package tests --no-run --message-format=json 2>/dev/null | \
	    sed -n 's/.*"executable":"\([^"]*suite[^"]*\)".*/\1/p')" $@

check: $(BUILT) target/suite
	UNSHARE_TOOLS=$(CURDIR)/target/release STRICT=$(STRICT) target/suite

# The table of scenes: what is the same under each link, and under the programs of others.
transparency: $(BUILT) target/suite
	UNSHARE_TOOLS=$(CURDIR)/target/release target/suite --table

installcheck: target/suite
	UNSHARE_TOOLS=$(DESTDIR)$(BINDIR) STRICT=$(STRICT) target/suite

check-vm: $(BUILT) target/suite
	UNSHARE_TOOLS=$(CURDIR)/target/release STRICT=$(STRICT) sh tests/vm/run.sh $(VM_TESTS)

# The racing swapper, 10,000 times, then 20,000 launches of mixed chains: some minutes each.
soak: $(BUILT) target/suite
	SOAK=10000 UNSHARE_TOOLS=$(CURDIR)/target/release target/suite mnt_hostile::race
	SOAK=20000 UNSHARE_TOOLS=$(CURDIR)/target/release target/suite standing::soak

# The table of the README's section "Speed", as root: some minutes, on a machine that does nothing else.
bench: $(BUILT)
	$(CARGO) build --release --locked --target-dir target/dynamic
	@sh bench/run.sh target/release target/dynamic/release

demo: $(BUILT)
	@sh examples/demo.sh target/release

install: $(BUILT)
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DOCDIR)
	$(INSTALL) $(BUILT) $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 644 README.md LICENSE-MIT LICENSE-APACHE docs/*.md $(DESTDIR)$(DOCDIR)

uninstall:
	rm -f $(TOOLS:%=$(DESTDIR)$(BINDIR)/%)
	rm -rf $(DESTDIR)$(DOCDIR)

# Random input for every parser, so many seconds each, on any compiler.
FUZZ_SECONDS = 10
FUZZED = maps mounts net_options proc_files values
fuzz:
	$(CARGO) build --release --locked --manifest-path fuzz/Cargo.toml
	for target in $(FUZZED); do fuzz/target/release/$$target $(FUZZ_SECONDS) || exit 1; done

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --locked --manifest-path fuzz/Cargo.toml -- -D warnings

clean:
	$(CARGO) clean

FORCE:
.PHONY: all check transparency check-vm soak bench installcheck demo install uninstall fuzz lint clean FORCE
