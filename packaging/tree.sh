#!/bin/sh
# tree.sh DIR: a root directory in which the packages are built and tried, Debian's stable release, by mmdebstrap from the
# mirror that apt uses here: the compiler and the crates of the release, as the source package asks for them, lintian,
# and what the suite uses. One that is there already is taken. Root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$1
[ ! -e "$tree" ] || exit 0
mkdir -p "$(dirname "$tree")"

# The source package's own list, and the suite's.
packages=$(sed -n '/^Build-Depends:/,/^[^ ]/s/^ \([a-z0-9+.-]*\).*/\1/p' "$here/debian/control" | sed 's/-compat$//')
packages="$packages lintian $(sed -n "s/^packages='\(.*\)'$/\1/p" "$here/../.ci/run")"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | sort -u | head -n 1)
eval "$(apt-config shell proxy Acquire::http::Proxy)"
rm -rf "$tree.new"
# shellcheck disable=SC2086 # A list of words.
mmdebstrap --quiet --mode=root --variant=buildd ${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
    --include="$(echo $packages | tr ' ' ,)" stable "$tree.new" "$mirror"
mv "$tree.new" "$tree"
