#!/bin/sh
# Prints how many lines of each crate the suite executes: builds the tools with -C instrument-coverage, and runs it.
#
#   TOOLS='NAME...' coverage.sh [FILTER...]    as `make coverage TESTS='FILTER...'` calls it
#
# COVERAGE_LINES=1 also prints each line that was not executed. COVERAGE_USER=NAME, as root, runs the suite a second time
# as NAME; the figures are of both. COVERAGE_REPORT=1 runs nothing, and prints once more what the last run found.
#
# The tools end by execve(2) and _exit(2), so each process counts in a mapped file from its start on. Where it cannot open
# that file, in another root, or as a user who may not search the path to here, what it does is lost, and it says so on
# standard error; so are the first lines of a program, before the file is there. The tools also make calls of their own,
# and leave a variable in the environment. So a few tests fail, such as those of the calls and of the environment: no
# matter here.
set -eu
cd "$(dirname "$0")/.."
machine=$(rustc -vV | sed -n 's/^host: //p')
llvm=$(rustc --print sysroot)/lib/rustlib/$machine/bin
if [ ! -x "$llvm/llvm-cov" ] || [ ! -x "$llvm/llvm-profdata" ]; then
    echo "coverage: no llvm-cov and llvm-profdata in $llvm: 'rustup component add llvm-tools' brings them" >&2
    exit 1
fi
all=${TOOLS:?}
out=$PWD/target/coverage
tools=$out/$machine/release

if [ "${COVERAGE_REPORT:-0}" != 1 ]; then
    # The name of the file stands in the program, since a scene may clear the environment: %c counts in it from the start,
    # %m is one for each program. Many processes count in it at once.
    mkdir -p "$out"
    printf 'const char __wrap___llvm_profile_filename[] = "%s/counts/%%c%%m.profraw";\n' "$out" >"$out/name.c"
    cc -c -o "$out/name.o" "$out/name.c"
    flags="-C instrument-coverage -C llvm-args=-runtime-counter-relocation \
        -C llvm-args=-instrprof-atomic-counter-update-all -C link-arg=$out/name.o -C link-arg=-Wl,--wrap=__llvm_profile_filename"
    # As it stands in the source: nothing inlined, nothing left out.
    export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_STRIP=none
    export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
    # For a named target the flags are not for build scripts and macros.
    set_up="--locked --target $machine --target-dir $out"
    # shellcheck disable=SC2086 # A list of words.
    RUSTFLAGS="-C target-feature=+crt-static $flags" cargo build --release $set_up
    # The suite asks some functions of common directly.
    # shellcheck disable=SC2086 # A list of words.
    RUSTFLAGS=$flags cargo test $set_up --package tests --no-run
    # shellcheck disable=SC2086 # A list of words.
    install "$(RUSTFLAGS=$flags cargo test $set_up --package tests --no-run --message-format=json 2>/dev/null |
        sed -n 's|.*"executable":"\([^"]*/suite-[^"/]*\)".*|\1|p')" "$out/suite"
    unset CARGO_PROFILE_RELEASE_OPT_LEVEL CARGO_PROFILE_RELEASE_LTO CARGO_PROFILE_RELEASE_STRIP
    unset CARGO_PROFILE_RELEASE_CODEGEN_UNITS

    # Written by whoever a scene becomes.
    rm -rf "$out/counts"
    mkdir "$out/counts"
    chmod 777 "$out/counts"
    (
        umask 0
        for tool in $all; do "$tools/$tool" --version >"$out/version"; done
        UNSHARE_TOOLS=$tools "$out/suite" no-test-of-this-name >"$out/version" || :
    )
    export UNSHARE_TOOLS="$tools"
    "$out/suite" "$@" >"$out/log" || :
    echo "coverage: the suite's words are in target/coverage/log; its last: $(tail -n 1 "$out/log")"
    if [ -n "${COVERAGE_USER:-}" ]; then
        setpriv --reuid "$COVERAGE_USER" --regid "$COVERAGE_USER" --init-groups \
            env -i HOME="$(getent passwd "$COVERAGE_USER" | cut -d : -f 6)" LOGNAME="$COVERAGE_USER" USER="$COVERAGE_USER" \
            PATH=/usr/local/bin:/usr/bin:/bin SHELL=/bin/sh SCENES="${SCENES:-}" PATIENCE="${PATIENCE:-}" \
            UNSHARE_TOOLS="$tools" "$out/suite" "$@" >"$out/log-user" || :
        echo "coverage: as $COVERAGE_USER in target/coverage/log-user: $(tail -n 1 "$out/log-user")"
    fi
fi

"$llvm/llvm-profdata" merge -sparse -o "$out/counts.profdata" "$out"/counts/*.profraw
objects=$out/suite
for tool in $all; do objects="$objects -object $tools/$tool"; done
# shellcheck disable=SC2086 # A list of words.
"$llvm/llvm-cov" export -format=lcov -instr-profile "$out/counts.profdata" $objects >"$out/lcov"
awk -v here="$PWD/" -v crates="common $all" -v lines="${COVERAGE_LINES:-0}" '
    /^SF:/ {
        file = substr($0, 4)
        if (index(file, here) == 1) file = substr(file, length(here) + 1)
        crate = file
        sub("/.*", "", crate)
    }
    /^DA:/ {
        split(substr($0, 4), at, ",")
        all[crate]++
        if (at[2] > 0) hit[crate]++
        else missed[crate] = missed[crate] file " " at[1] "\n"
    }
    END {
        n = split(crates, names, " ")
        printf "%-15s %7s %7s %8s\n", "crate", "covered", "lines", "of 100"
        for (i = 1; i <= n; i++) {
            printf "%-15s %7d %7d %8.1f\n", names[i], hit[names[i]], all[names[i]], 100 * hit[names[i]] / all[names[i]]
            h += hit[names[i]]; a += all[names[i]]
        }
        printf "%-15s %7d %7d %8.1f\n", "all", h, a, 100 * h / a
        if (lines != 1) exit
        for (i = 1; i <= n; i++) {
            m = split(missed[names[i]], places, "\n")
            for (j = 1; j < m; j++) {
                split(places[j], at, " ")
                if (at[1] != open) { close(open); open = at[1]; number = 0; print "\n" open }
                while (number < at[2] && (getline text < open) > 0) number++
                printf "%5d %s\n", number, text
            }
        }
    }' "$out/lcov"
