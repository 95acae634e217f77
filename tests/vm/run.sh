#!/bin/sh
# make check-vm: the suite on another kernel, Debian's own, in a virtual machine of software alone (qemu, tcg).
#
#   run.sh [NAME]...    all tests, or those whose names hold one of these
#   run.sh --fetch      only downloads what is missing
#
# The machine's root is this one's, read-only, with a layer of memory above it: every program that the suite uses is
# there, and nothing that it does stays. What is missing here (qemu, the kernel, busybox, cpio) is downloaded by apt into
# target/vm and unpacked there, never installed. It takes no root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
tools=${UNSHARE_TOOLS:-$top/target/release}
vm=$top/target/vm
limit=${VM_LIMIT:-1800}

fetch() {
    mkdir -p "$vm/debs/partial"
    cd "$vm/debs"
    release=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    [ -n "$release" ] || { echo "check-vm: apt knows no linux-image-amd64: run 'apt-get update'" >&2; exit 1; }
    apt-get -qq download "$release" busybox-static cpio
    if [ -z "$qemu" ]; then
        # With all that it needs and this machine does not have.
        apt-get -qq -y --no-install-recommends --download-only \
            -o Dir::Cache::archives="$vm/debs" -o Debug::NoLocking=1 install qemu-system-x86
    fi
    cd "$vm"
    rm -rf root.new
    mkdir root.new
    for deb in debs/*.deb; do dpkg-deb -x "$deb" root.new; done
    mv root.new root
    rm -r debs
}

root=$vm/root
qemu=$(command -v qemu-system-x86_64 || true)
[ -d "$root/boot" ] && [ -x "${qemu:-$root/usr/bin/qemu-system-x86_64}" ] || fetch
if [ "${1:-}" = --fetch ]; then exit; fi
kernel=$(basename "$(ls "$root"/boot/vmlinuz-*)" | sed s/^vmlinuz-//)
busybox=$root/bin/busybox
cpio=$root/bin/cpio

# The machine's own qemu, else the one that was unpacked, with all that belongs to it.
emulator() {
    if [ -n "$qemu" ]; then
        timeout "$limit" "$qemu" "$@"
    else
        LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu" \
            QEMU_MODULE_DIR=$root/usr/lib/x86_64-linux-gnu/qemu \
            timeout "$limit" "$root/usr/bin/qemu-system-x86_64" \
            -L "$root/usr/share/seabios" -L "$root/usr/share/qemu" "$@"
    fi
}

# --- the first file system: busybox, the modules that reach the root, and those that the tests need
modules='9p 9pnet_virtio virtio_pci overlay veth bridge tun dummy macvlan ipvlan zram'
[ -f "$root/lib/modules/$kernel/modules.dep" ] || "$busybox" depmod -b "$root" "$kernel"

# A module with all that it needs, as paths below the kernel's directory.
with_needs() {
    "$busybox" awk -v want="$*" '
        function name(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
        function take(path,  i, n, list) {
            if (path in taken) return
            taken[path] = 1; print path
            n = split(needs[path], list, " "); for (i = 1; i <= n; i++) take(list[i])
        }
        { path = $1; sub(/:$/, "", path); $1 = ""; needs[path] = $0; at[name(path)] = path }
        END { n = split(want, list, " "); for (i = 1; i <= n; i++) if (list[i] in at) take(at[list[i]]) }
    ' "$root/lib/modules/$kernel/modules.dep"
}

start=$vm/start
rm -rf "$start"
mkdir -p "$start/bin" "$start/lib/modules/$kernel"
cp "$busybox" "$start/bin/"
cp "$here/init" "$start/init"
for file in $(with_needs $modules); do
    mkdir -p "$start/lib/modules/$kernel/$(dirname "$file")"
    cp "$root/lib/modules/$kernel/$file" "$start/lib/modules/$kernel/$file"
done
cp "$root/lib/modules/$kernel/modules.dep" "$start/lib/modules/$kernel/"
echo "$modules" >"$start/modules"
{
    printf 'TOP=%s\nTOOLS=%s\nSTRICT=%s\n' "'$top'" "'$tools'" "'${STRICT:-0}'"
    printf "FILTER='%s'\n" "$*"
} >"$start/settings"
(cd "$start" && find . | "$cpio" -o -H newc --quiet | gzip -1) >"$vm/start.cpio.gz"

# --- the machine: its console is our output, its exit status says how the suite ended
status=0
emulator -accel tcg,thread=multi -cpu max -smp 2 -m 1536 -display none -monitor none -serial stdio -no-reboot -nic none \
    -kernel "$root/boot/vmlinuz-$kernel" -initrd "$vm/start.cpio.gz" \
    -append 'console=ttyS0 quiet loglevel=1 panic=-1 cgroup_no_v1=all' \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    -device isa-debug-exit,iobase=0xf4,iosize=0x04 </dev/null || status=$?
# The device makes of n an exit status of 2n + 1; a machine that just ended was none of ours.
case $status in
1) exit 0 ;;
124) echo "check-vm: not over after $limit seconds" >&2 && exit 1 ;;
*) echo "check-vm: failed (qemu ended with $status)" >&2 && exit 1 ;;
esac
