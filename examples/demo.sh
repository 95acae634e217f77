#!/bin/sh
# The main job, shown: a chain of six, as whoever you are, and side by side what the host sees and what the inside sees.
# On a terminal it then leaves you in a shell inside.
#
# usage: demo.sh [DIRECTORY OF THE TOOLS: what was built here, or else what is installed]
set -eu

built=target/release
if [ ! -d "$built" ]; then built=$(dirname "$(command -v unshare-pid)"); fi
tools=$(cd "${1:-$built}" && pwd)
PATH=$tools:$PATH:/usr/sbin:/sbin
export PATH

# What can be seen from here: what it is, a tab, what is seen.
look() {
    say 'this process' "PID $$"
    # By the shell itself, so that no helper is counted.
    set -- /proc/[0-9]*
    say 'processes' "$#"
    say 'PID 1' "$(cat /proc/1/comm)"
    say 'host name' "$(uname -n)"
    say 'user' "$(id -u) ($(id -un 2>/dev/null || echo no name)), group $(id -g)"
    say 'user IDs mapped' "$(awk '{ n += $3 } END { printf "%.0f", n }' /proc/self/uid_map)"
    say 'capabilities' "$(awk '/^CapEff/ { print ($2 ~ /[^0]/ ? "yes" : "none") }' /proc/self/status)"
    say 'mounts' "$(awk 'END { print NR }' /proc/self/mountinfo)"
    say 'interfaces' "$(interfaces)"
    say 'shared memory' "$(objects shm)"
    say 'message queues' "$(objects msg)"
    say 'semaphores' "$(objects sem)"
    for kind in user pid mnt net uts ipc; do
        say "$kind namespace" "$(readlink /proc/self/ns/$kind)"
    done
}

say() { printf '%s\t%s\n' "$1" "$2"; }

interfaces() {
    if command -v ip >/dev/null; then
        ip -o link | awk '{ sub(/[@:].*/, "", $2); printf "%s ", $2 }'
    else
        # This file, unlike those in /sys, is of the namespace of who reads it.
        awk -F: 'NR > 2 { gsub(/ /, "", $1); printf "%s ", $1 }' /proc/self/net/dev
    fi
}

# Objects of System V IPC; the file has a line of headings.
objects() { awk 'END { print (NR ? NR - 1 : 0) }' "/proc/sysvipc/$1" 2>/dev/null || echo unknown; }

if [ "${2:-}" = look ]; then
    look
    exit
fi

script=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
queue=
folder=$(mktemp -d)
clean() {
    rm -rf "$folder"
    if [ -n "$queue" ]; then ipcrm -q "$queue" || true; fi
    queue=
}
trap clean EXIT

inside() {
    unshare-user -- unshare-ipc -- unshare-uts --hostname inside -- unshare-net -- unshare-mnt -- \
        unshare-pid --mount-proc -- "$@"
}

# An object on the host, so that there is something not to see inside.
queue=$(ipcmk -Q 2>/dev/null | awk '{ print $NF }') || queue=
look >"$folder/host"
inside sh "$script" "$tools" look >"$folder/inside"

cat <<'TEXT'
unshare-user -- unshare-ipc -- unshare-uts --hostname inside -- unshare-net --
    unshare-mnt -- unshare-pid --mount-proc -- COMMAND

TEXT
tab=$(printf '\t')
paste "$folder/host" "$folder/inside" | awk -F "$tab" '
    # No line is wider than 100 columns.
    function fit(text) { return length(text) > 36 ? substr(text, 1, 33) "..." : text }
    BEGIN { printf "%-18s  %-36s  %s\n", "", "the host sees", "the inside sees" }
    { printf "%-18s  %-36s  %s\n", $1, fit($2), fit($4) }'

clean

if [ -t 0 ] && [ -t 1 ]; then
    printf '\nA shell inside. Try: ps -e, hostname, id, ip address, mount. Leave it with: exit\n'
    # How the shell ends is no matter of ours.
    inside "${SHELL:-/bin/sh}" || true
fi
