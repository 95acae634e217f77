#!/bin/sh
# prepare.sh TARBALL DIR: the Debian source folder DIR/unshare-tools-VERSION from a tarball of `make dist`, with its
# `orig`. The crates that are in it are left away unless VENDORED=1: Debian has its own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tarball=$1 dir=$2
name=$(basename "$tarball" .tar.gz)
mkdir -p "$dir"
tar -x -f "$tarball" -C "$dir"
if [ "${VENDORED:-0}" = 0 ]; then rm -rf "$dir/$name/vendor" "$dir/$name/.cargo"; fi
tar -C "$dir" --sort=name --mtime='@1' --owner=0 --group=0 -cf - "$name" | gzip -9n >"$dir/$(echo "$name" | sed 's/\(.*\)-/\1_/').orig.tar.gz"
cp -r "$here/debian" "$dir/$name/debian"
# The suite's packages stand in .ci/run alone.
packages=$(sed -n "s/^packages='\(.*\)'$/\1/p" "$here/../.ci/run" | sed 's/ /, /g')
sed -i "s/SUITE/$packages/" "$dir/$name/debian/tests/control"
