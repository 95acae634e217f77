#!/bin/sh
# Prints the table of the README's section "Speed": each row against its peer, in interleaved runs on this machine.
#
#   run.sh STATIC DYNAMIC [MUSL]   the directories of the builds; root, on Debian where a peer is missing
#
# MEASURE=cpu counts processor time, which bears other load on the machine; the default, wall, is what a person waits.
# RUNS is how often each side of a row runs, ISOLATES how many live beside the launches of one row.
set -eu
static=$(cd "$1" && pwd)
dynamic=$(cd "$2" && pwd)
builds="$static $dynamic"
heads='static | dynamic'
if [ -n "${3:-}" ]; then
    builds="$builds $(cd "$3" && pwd)"
    heads="$heads | static, musl"
fi
MEASURE=${MEASURE:-wall}
RUNS=${RUNS:-400}
ISOLATES=${ISOLATES:-1000}
here=$(cd "$(dirname "$0")" && pwd)

if [ "$(id -u)" != 0 ]; then
    echo "bench: needs root, to make namespaces as the peers do" >&2
    exit 1
fi
missing=
for peer in unshare:util-linux bwrap:bubblewrap ip:iproute2 strace:strace gcc:gcc; do
    command -v "${peer%%:*}" >/dev/null || missing="$missing ${peer#*:}"
done
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # A list of words.
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2
fi

work=$(mktemp -d)
isolates=
clean() {
    # shellcheck disable=SC2086 # A list of words.
    [ -z "$isolates" ] || kill -9 $isolates 2>/dev/null || :
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM
for name in floor nothing pair; do
    gcc -O2 -static -o "$work/$name" "$here/$name.c"
done
gcc -O2 -static -nostdlib -o "$work/bare" "$here/bare.c"
# As position-independent as the tools are; their limits are for a floor that is not.
gcc -O2 -static-pie -o "$work/movable" "$here/floor.c"
pair=$work/pair floor=$work/floor movable=$work/movable nothing=$work/nothing
# What is not written back counts as its user's memory.
sync "$floor" "$movable"

# ratio A... ---- B...: how the two compare.
ratio() {
    "$pair" "$MEASURE" "$RUNS" "$@" | cut -d ' ' -f 3
}

# calls COMMAND...: the system calls of all its processes, but for those of the command at its end.
calls() {
    strace -f -c -o "$work/calls" "$@"
    awk '$NF == "total" { print $4 }' "$work/calls"
}
own_calls() {
    echo $(($(calls "$@" "$nothing") - $(calls "$nothing")))
}

# row NAME "≤|≥" LIMIT FLOOR CALLS MEASURE...: one line; MEASURE gives the value for the build whose directory it is
# given last. What misses the limit is marked; it is that of a static build.
row() {
    name=$1 sign=$2 limit=$3 lowest_is=$4 calls_are=$5
    shift 5
    line="| $name | $sign $limit |"
    for build in $builds; do
        value=$("$@" "$build")
        missed=$(awk -v sign="$sign" -v limit="$limit" -v value="$value" \
            'BEGIN { print (sign == "≤" ? value <= limit : value >= limit) ? "" : " **missed**" }')
        if [ "$build" = "$dynamic" ]; then missed=; fi
        line="$line $value$missed |"
    done
    echo "$line $lowest_is | $calls_are |"
}

# A name in the floor program, what unshare(1) calls it, and what it may take.
peer() {
    case $1 in
    user) echo --user --map-root-user ;;
    pid) echo --fork --pid ;;
    mnt) echo --mount ;;
    *) echo "--$1" ;;
    esac
}
# The chain of six: of our tools in directory $1, of unshare(1), of the floor program.
six() {
    for kind in user ipc uts net mnt pid; do printf '%s ' "$1/unshare-$kind" --; done
}
six_unshare() {
    for kind in user ipc uts net mnt pid; do printf '%s ' unshare $(peer $kind) --; done
}
six_floor() { # PROGRAM
    for kind in user ipc uts net mnt pid; do printf '%s ' "$1" $kind; done
}
# A measure of both floors, as two cells.
floors() { echo "$("$@" "$floor") | $("$@" "$movable")"; }

# Measures of a build: a tool with or without an option, the chain of six.
alone() { # KIND OPTION DIRECTORY
    # shellcheck disable=SC2046,SC2086 # Lists of words.
    ratio "$3/unshare-$1" $2 -- "$nothing" ---- unshare $(peer "$1") -- "$nothing"
}
chain() { # PEER DIRECTORY
    # shellcheck disable=SC2046,SC2086
    ratio $(six "$2") "$nothing" ---- $1 "$nothing"
}
rate() { # DIRECTORY
    # shellcheck disable=SC2046
    "$pair" rate 160 $(six "$1") "$nothing" ---- $(six_floor "$floor") "$nothing" | cut -d ' ' -f 3
}
dirty() { # COMMAND...
    "$@" sleep 98764 >/dev/null &
    sleep 0.5
    awk '/^Private_Dirty/ { print $2 }' "/proc/$!/smaps_rollup"
    # shellcheck disable=SC2046
    kill -9 $(cat "/proc/$!/task/$!/children")
}
alone_floor() { # KIND PEER FLOOR
    # shellcheck disable=SC2086
    ratio "$3" $1 "$nothing" ---- $2 -- "$nothing"
}
chain_floor() { # PEER FLOOR
    # shellcheck disable=SC2046,SC2086
    ratio $(six_floor "$2") "$nothing" ---- $1 "$nothing"
}
share() { awk -v a="$1" -v b="$theirs" 'BEGIN { printf "%.3f", a / b }'; }
memory() { share "$(dirty "$1/unshare-pid" --)"; }
memory_floor() { share "$(dirty "$1" pid)"; }

table() {
    echo "| what | must be | $heads | the floor | the floor, static-pie | system calls |"
    echo "|---|---|$(echo "$heads" | sed 's/[^|]*/---/g')|---|---|---|"
    for kind in user pid mnt net uts ipc; do
        limit=0.75
        if [ $kind = net ]; then limit=0.82; fi
        lowest=$(floors alone_floor $kind "unshare $(peer $kind)")
        row "\`unshare-$kind\` / \`unshare $(peer $kind)\`" "≤" $limit "$lowest" \
            "$(own_calls "$static/unshare-$kind" --)" alone $kind ''
    done
    lowest=$(floors alone_floor init 'unshare --fork --pid')
    row "\`unshare-pid --init\` / \`unshare --fork --pid\`" "≤" 0.8 "$lowest" \
        "$(own_calls "$static/unshare-pid" --init --)" alone pid --init

    # shellcheck disable=SC2046
    calls_of_six=$(own_calls $(six "$static"))
    six_row() { # NAME LIMIT PEER
        lowest=$(floors chain_floor "$3")
        row "chain of six / $1" "≤" "$2" "$lowest" "$calls_of_six" chain "$3"
    }
    six_row "chain of six \`unshare\`" 0.62 "$(six_unshare)"
    six_row "chain of six of the floor program" 1.12 "$(six_floor "$floor")"
    # bwrap does not reap what it starts, so that its processor time is not told.
    measured=$MEASURE
    MEASURE=wall
    six_row "\`bwrap --unshare-all --dev-bind / /\`" 1.0 "bwrap --unshare-all --dev-bind / /"
    MEASURE=$measured
    row "\`unshare-net\` with a veth, two addresses, a default route / the \`ip\` commands" "≤" 0.2 "|" "" veth
    row "launches a second, 16 at a time: chain of six / the floor program" "≥" 0.85 "1 |" "" rate
    beside_row
    theirs=$(dirty unshare --fork --pid --)
    row "private memory of the waiting \`unshare-pid\` / \`unshare --fork --pid\`" "≤" 0.6 \
        "$(floors memory_floor)" "" memory
}

# In a network of its own, under names that no other run has: a dead one's stay for a moment.
veth() { # DIRECTORY
    cat >"$work/ours" <<EOF
exec "\$1/unshare-net" --veth host=v\$\$,address=10.98.0.2/24,address=fd98::2/64,host-address=10.98.0.1/24 \
    --route default,via=10.98.0.1 -- "$nothing"
EOF
    cat >"$work/ip" <<EOF
set -e
ip netns add n\$\$
ip link add v\$\$ type veth peer name eth0 netns n\$\$
ip address add 10.98.0.1/24 dev v\$\$
ip link set v\$\$ up
ip -n n\$\$ link set lo up
ip -n n\$\$ address add 10.98.0.2/24 dev eth0
ip -n n\$\$ address add fd98::2/64 dev eth0
ip -n n\$\$ link set eth0 up
ip -n n\$\$ route add default via 10.98.0.1
ip netns exec n\$\$ "$nothing"
ip netns delete n\$\$
EOF
    unshare --net --mount -- sh -ec 'mount -t tmpfs none /run; exec "$@"' sh \
        "$pair" "$MEASURE" 40 sh "$work/ours" "$1" ---- sh "$work/ip" | cut -d ' ' -f 3
}

# How much longer a launch takes beside many isolates than alone, against the same of the floor program.
beside_row() {
    against_floor() { ratio "$1/unshare-uts" -- "$nothing" ---- "$floor" uts "$nothing"; }
    for build in $builds; do against_floor "$build" >"$work/alone$(echo "$build" | tr / _)"; done
    count=0
    while [ $count -lt "$ISOLATES" ]; do
        "$static/unshare-pid" -- "$static/unshare-mnt" -- "$static/unshare-net" -- "$static/unshare-uts" -- \
            "$static/unshare-ipc" -- sleep 98765 2>/dev/null &
        isolates="$isolates $!"
        count=$((count + 1))
    done
    while [ "$(pgrep -c -f '^sleep 98765')" -lt "$ISOLATES" ]; do sleep 0.5; done
    sleep 3
    quotient() { # DIRECTORY
        awk -v a="$(against_floor "$1")" -v b="$(cat "$work/alone$(echo "$1" | tr / _)")" 'BEGIN { printf "%.3f", a / b }'
    }
    row "a launch beside $ISOLATES living isolates / beside none, against the same for the floor" "≤" 1.1 "1 |" "" quotient
    # shellcheck disable=SC2086 # A list of words.
    kill -9 $isolates
    isolates=
    while [ "$(pgrep -c -f '^sleep 98765')" -gt 0 ]; do sleep 0.2; done
}

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
virtual=$(grep -qw hypervisor /proc/cpuinfo && echo ', a virtual machine' || :)
echo "$(date +%F), ${model:-$(uname -m)} ($(nproc) CPUs$virtual), Linux $(uname -r), $(unshare --version | sed 's/.* from //')," \
    "$(bwrap --version). Medians of $RUNS interleaved runs each, by $MEASURE time."
echo
table
echo
# Each link of a chain is a program that starts anew.
set -- $("$pair" "$MEASURE" "$RUNS" "$nothing" ---- "$work/bare")
echo "A static C program that does nothing takes $1 µs here, one without a C library $2 µs. Most of the difference is the" \
    "CPUID instruction, by which the library finds out about the processor: a virtual machine traps each. A chain of six" \
    "pays that six times, \`bwrap\` once."
