#!/bin/sh
# Makes the root directories that the packages are built and tried in: Debian's stable release, by mmdebstrap, from the
# mirror that apt uses here. Root.
#
#   tree.sh build DIR    what the source package asks for, and lintian: the compiler and the crates of the release
#   tree.sh clean DIR    the essential packages, and what the suite uses: where the package is installed
set -eu
here=$(cd "$(dirname "$0")" && pwd)
kind=$1 tree=$2
[ ! -e "$tree" ] || exit 0

case $kind in
build)
    # The source package's own list.
    packages=$(sed -n '/^Build-Depends:/,/^[^ ]/s/^ \([a-z0-9+.-]*\).*/\1/p' "$here/debian/control" | sed 's/-compat$//')
    variant=buildd packages="$packages lintian"
    ;;
clean)
    packages=$(sed -n "s/^packages='\(.*\)'$/\1/p" "$here/../.ci/run")
    variant=apt
    ;;
esac

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | sort -u | head -n 1)
eval "$(apt-config shell proxy Acquire::http::Proxy)"
rm -rf "$tree.new"
mmdebstrap --quiet --mode=root --variant="$variant" ${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
    --include="$(echo $packages | tr ' ' ,)" stable "$tree.new" "$mirror"
mv "$tree.new" "$tree"
