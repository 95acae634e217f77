# What a person and a packager type. `make` builds the tools into target/release.
#
#   make            build                       make demo       run the main job and show it
#   make check      run the suite               make install    DESTDIR= PREFIX=/usr/local; `make uninstall` too
#   make installcheck  the suite on what is installed
#   make transparency  play every scene bare and under each link, and print what differs
#   make check-musl the same of the tools with another C library: TARGET=x86_64-unknown-linux-musl builds them
#   make check-vm   the tools' main tests on another kernel, in a virtual machine (VM_TESTS='NAME...', or VM_TESTS= for all)
#   make soak       the races and the launches, thousands of times
#   make bench      how fast the tools are, beside others
#   make coverage   how many lines of each crate the suite executes; COVERAGE_LINES=1: and which not
#   make dist       the source with its crates; dist-static: the binaries; deb, rpm, check-packages: built and tried
#
# STATIC=0 links dynamically. STRICT=1 makes `check` fail when there is something that it could not run. SCENES=elsewhere
# makes it leave out the scenes that `transparency` plays.

STATIC   = 1
STRICT   = 0
SCENES   =
PREFIX   = /usr/local
DESTDIR  =
# Where `install` puts things: each can be set, and one that is set to nothing leaves its things out.
BINDIR      = $(PREFIX)/bin
DATADIR     = $(PREFIX)/share
MANDIR      = $(DATADIR)/man
DOCDIR      = $(DATADIR)/doc/unshare-tools
EXAMPLEDIR  = $(DOCDIR)/examples
LICENSEDIR  = $(DATADIR)/licenses/unshare-tools
BASHCOMPDIR = $(DATADIR)/bash-completion/completions
ZSHCOMPDIR  = $(DATADIR)/zsh/site-functions
FISHCOMPDIR = $(DATADIR)/fish/vendor_completions.d

CARGO    = cargo
# Empty where the crates are a distribution's, with other versions than those of Cargo.lock.
LOCKED   = --locked
INSTALL  = install
# The machine to build for, as rustc names it; empty: this one.
TARGET   =
MACHINE  = $(or $(TARGET),$(shell rustc -vV | sed -n 's/^host: //p'))

TOOLS    = unshare-user unshare-pid unshare-mnt unshare-net unshare-uts unshare-ipc \
           unshare-cgroup unshare-time limit-cgroup nstree
BUILT    = $(TOOLS:%=target/release/%)
SOURCES  = Cargo.toml $(wildcard Cargo.lock) $(shell find common $(TOOLS) -name '*.rs' -o -name Cargo.toml)

all: $(BUILT)

# Built by cargo when a source is newer, so that a tree that is built already needs no cargo to be checked or installed.
# With --target the flag is not for build scripts and macros, which cannot be static.
$(BUILT) &: $(SOURCES) target/form
	$(if $(filter 0,$(STATIC)),,RUSTFLAGS="$$RUSTFLAGS -C target-feature=+crt-static") \
	    $(CARGO) build --release $(LOCKED) --target $(MACHINE)
	mkdir -p target/release
	$(INSTALL) $(TOOLS:%=target/$(MACHINE)/release/%) target/release/
	touch $(BUILT)

# Rewritten when the form or the machine changes, and only then.
target/form: FORCE
	@mkdir -p target
	@echo 'STATIC=$(STATIC) TARGET=$(TARGET)' | cmp -s - $@ || echo 'STATIC=$(STATIC) TARGET=$(TARGET)' >$@

# The suite is one program; it takes the tools from UNSHARE_TOOLS. The pages that it checks are built into it.
SUITE_SOURCES = Cargo.toml $(wildcard Cargo.lock) $(shell find tests common -name '*.rs' -o -name Cargo.toml) \
                $(wildcard */src/hint/*.rs) $(shell find docs man completions packaging -type f)
target/suite: $(SUITE_SOURCES)
	$(CARGO) test $(LOCKED) --package tests --no-run
	$(INSTALL) "$$($(CARGO) test $(LOCKED) --package tests --no-run --message-format=json 2>/dev/null | \
	    sed -n 's|.*"executable":"\([^"]*/suite-[^"/]*\)".*|\1|p')" $@

check: $(BUILT) target/suite
	UNSHARE_TOOLS=$(CURDIR)/target/release STRICT=$(STRICT) SCENES=$(SCENES) target/suite

# The table of scenes: what is the same under each link, and under the programs of others.
transparency: $(BUILT) target/suite
	UNSHARE_TOOLS=$(CURDIR)/target/release STRICT=$(STRICT) target/suite --table

installcheck: target/suite
	UNSHARE_TOOLS=$(DESTDIR)$(BINDIR) STRICT=$(STRICT) target/suite

# It is slow there: all of the suite takes the better part of an hour.
VM_TESTS = $(shell grep '^[a-z]' tests/vm/main)
check-vm: $(BUILT) target/suite
	UNSHARE_TOOLS=$(CURDIR)/target/release STRICT=$(STRICT) sh tests/vm/run.sh $(VM_TESTS)

# The racing swapper, 10,000 times, then 20,000 launches of mixed chains: some minutes each.
soak: $(BUILT) target/suite
	SOAK=10000 UNSHARE_TOOLS=$(CURDIR)/target/release target/suite mnt_hostile::race
	SOAK=20000 UNSHARE_TOOLS=$(CURDIR)/target/release target/suite standing::soak

# The tools built against musl: it takes the compiler's library for it (rustup target add). What differs is signals, threads,
# and what the runtime does before main; the tests that know each call of glibc's are not for it.
MUSL   = $(MACHINE:gnu=musl)
check-musl: target/suite
	CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
	    $(CARGO) build --release $(LOCKED) --target $(MUSL) --target-dir target/musl
	UNSHARE_TOOLS=$(CURDIR)/target/musl/$(MUSL)/release STRICT=$(STRICT) target/suite \
	    chain:: user:: user_maps:: isolation:: pipelines:: usage:: roots:: net:: transparency::signals transparency::inheritance

# The table of the README's section "Speed", as root: some minutes, on a machine that does nothing else. With a column for
# musl where the compiler has its library.
MUSLED = $(if $(wildcard $(shell rustc --print target-libdir --target $(MUSL) 2>/dev/null)/*),target/$(MUSL)/release)
bench: $(BUILT)
	$(CARGO) build --release --locked --target-dir target/dynamic
	$(if $(MUSLED),$(CARGO) build --release --locked --target $(MUSL))
	@sh bench/run.sh target/release target/dynamic/release $(MUSLED)

# What the suite executes of the tools, which are built for it in target/coverage; TESTS='FILTER...' for a part of it.
TESTS    =
coverage:
	@SCENES=$(SCENES) TOOLS='$(TOOLS)' sh tests/coverage.sh $(TESTS)

demo: $(BUILT)
	@sh examples/demo.sh target/release

# Nothing here is made by running what was just built, so that it may be for another machine. One list of
# MODE:SOURCE:PLACE for both `install` and `uninstall`; a link's source is the name that it points to.
PAGES  = $(wildcard README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md) $(sort $(shell find docs -type f))
put    = $(if $2,$(foreach f,$3,$1:$f:$2/$(notdir $f)))
PLACED = $(call put,755,$(BINDIR),$(BUILT)) \
         $(call put,644,$(MANDIR:%=%/man1),$(sort $(wildcard man/*.1))) \
         $(call put,644,$(MANDIR:%=%/man7),$(sort $(wildcard man/*.7))) \
         $(call put,644,$(LICENSEDIR),LICENSE-MIT LICENSE-APACHE) \
         $(if $(DOCDIR),$(foreach f,$(PAGES),644:$f:$(DOCDIR)/$f)) \
         $(if $(EXAMPLEDIR),$(foreach f,$(sort $(shell find examples -type f)),644:$f:$(EXAMPLEDIR)/$(f:examples/%=%))) \
         $(if $(EXAMPLEDIR),$(foreach f,$(sort $(wildcard packaging/apparmor/*)),644:$f:$(EXAMPLEDIR)/$(f:packaging/%=%))) \
         $(call put,644,$(ZSHCOMPDIR),completions/zsh/_unshare-tools) \
         $(if $(BASHCOMPDIR),644:completions/bash/unshare-tools:$(BASHCOMPDIR)/$(firstword $(TOOLS))) \
         $(call put,link,$(BASHCOMPDIR),$(wordlist 2,99,$(TOOLS))) \
         $(if $(FISHCOMPDIR),644:completions/fish/unshare-tools.fish:$(FISHCOMPDIR)/$(firstword $(TOOLS)).fish) \
         $(call put,link,$(FISHCOMPDIR),$(addsuffix .fish,$(wordlist 2,99,$(TOOLS))))
# Directories of ours alone: `uninstall` removes them when nothing of another's is in them.
OWN    = $(EXAMPLEDIR) $(DOCDIR) $(LICENSEDIR)

install: $(BUILT)
	@set -eu; for each in $(PLACED); do \
	    mode=$${each%%:*}; rest=$${each#*:}; source=$${rest%%:*}; place="$(DESTDIR)$${rest#*:}"; \
	    case $$mode in \
	    link) case $$source in *.fish) end=.fish ;; *) end= ;; esac; ln -sf "$(firstword $(TOOLS))$$end" "$$place" ;; \
	    *) $(INSTALL) -D -m "$$mode" "$$source" "$$place" ;; \
	    esac; \
	done

uninstall:
	@set -eu; for each in $(PLACED); do rm -f "$(DESTDIR)$${each##*:}"; done
	@for own in $(OWN); do find "$(DESTDIR)$$own" -depth -type d -empty -delete 2>/dev/null; done || :

# What a release hands out, and the packages. They go to target/packages.
PACKAGES = target/packages
# The tests to run on what is installed, all if empty; QUICK=1 builds once less.
SUITE    =
QUICK    = 0
dist:
	@sh packaging/dist.sh source $(PACKAGES)

dist-static: $(BUILT)
	@sh packaging/dist.sh static $(PACKAGES)

# In a root directory of Debian's stable release; root.
deb rpm: $(BUILT) target/suite
	@QUICK=$(QUICK) SUITE='$(SUITE)' bash packaging/check.sh $@ $(PACKAGES)

check-packages: $(BUILT) target/suite
	@QUICK=$(QUICK) SUITE='$(SUITE)' bash packaging/check.sh all $(PACKAGES)

# Random input for every parser, so many seconds each, on any compiler.
FUZZ_SECONDS = 10
FUZZED = maps mounts net_options proc_files values
fuzz:
	$(CARGO) build --release $(LOCKED) --manifest-path fuzz/Cargo.toml
	for target in $(FUZZED); do fuzz/target/release/$$target $(FUZZ_SECONDS) || exit 1; done

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --locked --manifest-path fuzz/Cargo.toml -- -D warnings

# Licences, copies and sources of the crates, where cargo-deny is installed.
deny:
	$(CARGO) deny --locked check licenses bans sources

clean:
	$(CARGO) clean

FORCE:
.PHONY: all dist dist-static deb rpm check-packages check transparency check-vm check-musl soak bench coverage installcheck demo install uninstall fuzz lint deny clean FORCE
