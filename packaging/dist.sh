#!/bin/sh
# Makes what a release hands out, into DIR.
#
#   dist.sh source DIR    unshare-tools-VERSION.tar.gz: the source with every crate that it needs in `vendor`, so that
#                         it builds with no network. Needs the crates once: cargo downloads them, or has them.
#   dist.sh static DIR    unshare-tools-VERSION-MACHINE.tar.gz: the static binaries, manuals and completions, to be unpacked
#                         over /usr/local. `make` comes before.
#
# The same input gives the same bytes: names sorted, no owners, one date (SOURCE_DATE_EPOCH, or the last commit's).
set -eu
cd "$(dirname "$0")/.."
kind=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
name=unshare-tools-$version
date=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.lock)}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

pack() { # DIRECTORY FILE
    tar -C "$stage" --sort=name --mtime="@$date" --owner=0 --group=0 --numeric-owner --format=gnu -cf - "$1" | gzip -9n >"$2.new"
    mv "$2.new" "$2"
    echo "$2"
}

case $kind in
source)
    mkdir "$stage/$name"
    # What git has of it; an unpacked tarball has no git, and is all source.
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then git ls-files -z; else find . -path ./target -prune -o -type f -print0; fi |
        xargs -0 cp --parents -P -t "$stage/$name"
    if [ ! -d vendor ]; then
        ${CARGO:-cargo} vendor --quiet --locked --versioned-dirs "$stage/$name/vendor" >/dev/null
    fi
    mkdir -p "$stage/$name/.cargo"
    printf '[source.crates-io]\nreplace-with = "vendor"\n[source.vendor]\ndirectory = "vendor"\n' >"$stage/$name/.cargo/config.toml"
    chmod -R u+rwX,go+rX,go-w "$stage"
    pack "$name" "$out/$name.tar.gz"
    ;;
static)
    machine=$(uname -m)-linux
    make --no-print-directory install DESTDIR="$stage" PREFIX="/$name"
    # Small, since a link is read for each launch.
    stat -c '%s %n' "$stage/$name"/bin/* | sed 's|/.*/||'
    large=$(find "$stage/$name/bin" -type f -size +1500000c)
    if [ -n "$large" ]; then
        echo "dist.sh: over 1.5 MB: $(basename -a $large | paste -sd ' '): is this a release build?" >&2
        exit 1
    fi
    for tool in "$stage/$name"/bin/*; do
        if ! readelf -l "$tool" | grep -q INTERP; then continue; fi
        echo "dist.sh: $(basename "$tool") is not static: make STATIC=1 comes before" >&2
        exit 1
    done
    pack "$name" "$out/$name-$machine.tar.gz"
    ;;
esac
