#!/bin/sh
# The web server and the FTP server of two-servers.sh, each in a world of its own, and each within limits of its own:
# memory, CPU time, processes. Then the web server's world takes more memory than it may, and who is harmed is shown.
# As root: sh examples/limited-servers.sh [GROUP]. GROUP is where the groups are made, the root of the tree else.
# Takes cgroup v2 with the controllers memory, cpu and pids; limit-cgroup says what is missing. PATH says where the tools are.
set -e; here=$(mktemp -d); PATH=$PATH:/usr/sbin:/sbin; export PATH
limits="--parent ${1:-/} --memory 64M --cpus 0.5 --pids-limit 50"
over() { trap - EXIT; kill $web $ftp 2>/dev/null || :; wait; rm -rf "$here"; }
trap over EXIT; trap 'exit 1' INT TERM
limit-cgroup $limits -- true || exit # Once for nothing: it says what is missing, if something is.

cp -r "$(dirname "$0")/two-servers" "$here/conf" # vsftpd wants its own
mkdir "$here/web" "$here/ftp"; echo 'a page' >"$here/web/index.html"; echo 'a file' >"$here/ftp/file.txt"
world() { # NAME COMMAND...: COMMAND in a world of its own, within limits
    name=$1; shift
    exec limit-cgroup $limits --name "$name-$$" -- unshare-cgroup -- \
        unshare-net --sysctl net.ipv4.ip_unprivileged_port_start=0 -- \
        unshare-user --map-user 33 --map-group 33 -- \
        unshare-pid --pid-file "$here/$name.pid" -- \
        unshare-uts --hostname "$name" -- \
        unshare-ipc -- \
        unshare-mnt --tmpfs / --ro-bind /usr /usr --ro-bind /etc /etc --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
            --proc /proc --dev /dev --tmpfs /run --tmpfs /tmp --dir /empty --ro-bind "$here/conf" /conf --ro-bind "$here/$name" /srv -- "$@"
}
(world web apache2 -f /conf/apache2.conf -DFOREGROUND) & web=$!
(world ftp vsftpd /conf/vsftpd.conf) & ftp=$!

in_world() { pid=$(cat "$here/$1.pid"); shift; nsenter -t "$pid" -U -p -m -n -u -i --preserve-credentials "$@"; }
page() { in_world web curl -sf http://127.0.0.1/; }
file() { in_world ftp curl -sf ftp://127.0.0.1/file.txt; }
until page && file; do sleep 0.1; kill -0 $web; kill -0 $ftp; done >"$here/got" 2>/dev/null

tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group() { echo "$tree$(sed -n 's/^0:://p' "/proc/$(cat "$here/$1.pid")/cgroup")"; }
for one in web ftp; do
    echo "== $one, in $(group $one)"
    (cd "$(group $one)" && grep . memory.max memory.swap.max cpu.max pids.max memory.current pids.current)
    echo "inside it sees $(in_world $one sed -n 's/^0:://p' /proc/self/cgroup)"
done
sh -c 'echo $$ >"$1/cgroup.procs"; exec tail /dev/zero' sh "$(group web)" || echo "a hog in the group of web: killed, status $?"
echo "ftp still gives: $(file)"
echo "web still gives: $(page)"
