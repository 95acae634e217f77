#!/bin/bash
# make check-packages: builds the Debian package and the RPM, and tries them. Root, on Debian, with the tools built.
#
# The Debian package is built in a root directory of the stable release that our own tools enter, with that release's
# compiler and crates alone and no network: twice, in two folders, and once more from the crates of `make dist`. Then it is
# installed there, tried as nobody, upgraded from an earlier version, run through the suite (SUITE names tests, or all), and
# purged, after which nothing may be left. QUICK=1 leaves out the third build, since the RPM is made of those crates too,
# builds without link-time optimization, which is most of the time, and takes the suite as it was built here.
#
#   check.sh deb|rpm|all [OUTPUT DIRECTORY]
set -eu
cd "$(dirname "$0")/.."
what=${1:-all} out=${2:-target/packages}
mkdir -p "$out"
out=$(cd "$out" && pwd)
tree=$PWD/target/stable
tools=${UNSHARE_TOOLS:-$PWD/target/release}
PATH=$tools:$PATH
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
work=$(mktemp -d)
# What still builds there is waited for.
trap 'wait; rm -rf "$work"' EXIT
# Not a tmpfs: there a set-user-ID bit, which the suite tries, means nothing.
mkdir -m 1777 "$work/tmp"
chmod 755 "$work"

chain='unshare-user -- unshare-pid --mount-proc -- unshare-mnt --tmpfs /mnt -- unshare-net -- unshare-uts --hostname box -- unshare-ipc -- sh -c'
as_nobody='setpriv --reuid nobody --regid nogroup --clear-groups'

unoptimized=
if [ "${QUICK:-0}" = 1 ]; then unoptimized='CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16'; fi

say() { printf '%s: %s\n' packages "$*"; }

# A command in the tree, with the work folder on /mnt and no network.
inside() {
    unshare-net -- unshare-ipc -- unshare-uts --hostname build -- unshare-pid --init -- \
        unshare-mnt --root "$tree" --proc /proc --dev /dev --tmpfs /tmp --bind "$work" /mnt --chdir /mnt -- \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH="$date" "$@"
}

# The same with the host's network, devices and control groups, for the suite.
on_this_machine() {
    unshare-pid --init -- unshare-mnt --root "$tree" --proc /proc --bind /dev /dev --bind /sys /sys --bind "$work/tmp" /tmp --tmpfs /run \
        --bind "$work" /mnt --ro-bind "$PWD" "/home" --ro-bind /etc/resolv.conf /etc/resolv.conf --chdir /home -- \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 PATIENCE="${PATIENCE:-1}" "$@"
}

build() { # FOLDER [PROFILE]
    # shellcheck disable=SC2086 # A list of words.
    inside env $unoptimized sh -ec "cd $1/unshare-tools-$version; dpkg-buildpackage -us -uc ${2:+-b -d -P$2}" >"$work/log-${1%%/*}" 2>&1 ||
        { tail -n 60 "$work/log-${1%%/*}" | cut -c1-300; exit 1; }
}

sh packaging/dist.sh source "$out" >/dev/null
source=$out/unshare-tools-$version.tar.gz
date=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.lock)

deb() {
    sh packaging/tree.sh "$tree"
    deb=unshare-tools_$version-1_$(dpkg --print-architecture).deb
    say "building with the release's compiler ($(inside rustc --version)) and crates"
    # At the same time, since much of a build is one crate after the other.
    sh packaging/prepare.sh "$source" "$work/b/with/a/longer/name"
    build b/with/a/longer/name &
    again=$!
    sh packaging/prepare.sh "$source" "$work/a"
    build a
    inside lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs \
        "a/unshare-tools_$version-1_$(dpkg --print-architecture).changes"
    wait "$again"
    cmp "$work/a/$deb" "$work/b/with/a/longer/name/$deb"
    say "the same to the byte: $(sha256sum <"$work/a/$deb")"
    if [ "${QUICK:-0}" = 0 ]; then
        say 'with the crates of make dist'
        VENDORED=1 sh packaging/prepare.sh "$source" "$work/v"
        build v pkg.unshare-tools.vendored
    fi
    cp "$work/a/$deb" "$out/"

    say 'installed'
    # What an earlier run left when it was cut off. The copies that a user's making and removing leaves beside the files
    # in /etc are not the package's.
    inside sh -c 'dpkg --purge unshare-tools; userdel tester; useradd --no-create-home --uid 4321 tester; userdel tester' \
        >/dev/null 2>&1 || :
    files() { inside find / -xdev -path /mnt -prune -o -path /var/lib/dpkg -prune -o -path /var/log -prune -o -path /tmp -prune \
        -o -path /var/cache -prune -o -path /dev -prune -o -path /proc -prune -o -print | LC_ALL=C sort; }
    files >"$work/before"
    # An earlier version, to be upgraded: the same files under another number.
    inside sh -ec "dpkg-deb -R a/$deb earlier; sed -i 's/^Version: .*/Version: 0.0.1-1/' earlier/DEBIAN/control
        dpkg-deb -b earlier earlier.deb; dpkg -i earlier.deb; dpkg -i a/$deb" >"$work/log" 2>&1 ||
        { cat "$work/log"; exit 1; }
    grep -q 'Unpacking unshare-tools .* over (0.0.1-1)' "$work/log"
    changed=$(inside dpkg -V unshare-tools)
    if [ -n "$changed" ]; then printf '%s\n' "$changed" && say 'not as it was packed' && exit 1; fi
    say "$(inside dpkg-query -W -f 'installed size ${Installed-Size} kB\n' unshare-tools)"
    inside sh -c 'stat -c "%s %n" /usr/bin/unshare-* /usr/bin/limit-cgroup /usr/bin/nstree' | tee "$work/sizes"
    if awk '$1 > 1500000 { print; found = 1 } END { exit !found }' "$work/sizes"; then
        say 'a binary is over 1.5 MB' && exit 1
    fi
    # As it is installed, by the parser that the release has; without a kernel's part of it.
    inside apparmor_parser --skip-kernel-load --skip-cache \
        /usr/share/doc/unshare-tools/examples/apparmor/unshare-user 2>"$work/log" || { cat "$work/log"; exit 1; }
    test "$(inside $as_nobody $chain 'echo $$ $(uname -n) $(id -u)')" = '1 box 0'
    say 'the suite on what is installed'
    if [ "${QUICK:-0}" = 0 ]; then
        inside sh -ec "cp -r a/unshare-tools-$version /mnt/suite; cd suite; rm -f Cargo.lock; mkdir cargo
            printf '[source.crates-io]\nreplace-with = \"debian\"\n[source.debian]\ndirectory = \"/usr/share/cargo/registry\"\n' >cargo/config.toml
            CARGO_HOME=/mnt/suite/cargo make target/suite LOCKED=" >"$work/log" 2>&1 || { tail -n 60 "$work/log"; exit 1; }
    else
        mkdir -p "$work/suite/target"
        cp target/suite "$work/suite/target/"
    fi
    chmod -R a+rX "$work"
    inside useradd --no-create-home --uid 4321 tester
    on_this_machine env UNSHARE_TOOLS=/usr/bin TMPDIR=/tmp /mnt/suite/target/suite ${SUITE:-}
    on_this_machine setpriv --reuid tester --regid tester --init-groups env UNSHARE_TOOLS=/usr/bin HOME=/tmp \
        /mnt/suite/target/suite ${SUITE:-}
    inside userdel tester
    inside dpkg --purge unshare-tools >/dev/null
    files >"$work/after"
    if ! diff "$work/before" "$work/after"; then say 'purged, and something is left' && exit 1; fi
    say 'purged: nothing is left'
}

rpm() {
    say 'the RPM, from make dist'
    bb() {
        # shellcheck disable=SC2086
        env $unoptimized rpmbuild -bb "$@" --nodeps --quiet --buildroot "$work/buildroot" --define "_topdir $work/rpm" --define "_sourcedir $out" \
            --define "_build_id_links none" packaging/rpm/unshare-tools.spec >"$work/log" 2>&1 ||
            { tail -n 60 "$work/log" | cut -c1-300; exit 1; }
    }
    bb --noclean
    package=$(find "$work/rpm/RPMS" -name '*.rpm')
    cp "$package" "$out/"
    # An earlier version, to be upgraded: the same files under another number.
    bb --short-circuit --define 'dist ~0'
    root=$work/root
    command rpm --root "$root" --initdb
    command rpm --root "$root" -i --nodeps "$work"/rpm/RPMS/*/unshare-tools-"$version"-1~0.*.rpm
    command rpm --root "$root" -U --nodeps "$package"
    test "$(command rpm --root "$root" -q --queryformat '%{RELEASE}' unshare-tools)" = 1
    changed=$(command rpm --root "$root" -V --nodeps unshare-tools) || :
    if [ -n "$changed" ]; then printf '%s\n' "$changed" && say 'not as it was packed' && exit 1; fi
    say "$(command rpm --root "$root" -q --queryformat 'the RPM: installed size %{SIZE}' unshare-tools)"
    test "$($as_nobody env PATH="$root/usr/bin:$PATH" $chain 'echo $$ $(uname -n) $(id -u)')" = '1 box 0'
    test -f "$root/usr/share/man/man1/unshare-pid.1" || test -f "$root/usr/share/man/man1/unshare-pid.1.gz"
    UNSHARE_TOOLS=$root/usr/bin target/suite usage:: isolation::
    command rpm --root "$root" -e --nodeps unshare-tools
    left=$(find "$root" -type f ! -path '*/var/lib/rpm/*' ! -path '*/usr/lib/sysimage/*' ! -path "$root/root/.rpmdb/*")
    if [ -n "$left" ]; then printf '%s\n' "$left" && say 'erased, and something is left' && exit 1; fi
    say "the RPM: $(basename "$package"), erased: nothing is left"
}

case $what in
all) deb && rpm ;;
*) "$what" ;;
esac
