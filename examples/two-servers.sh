#!/bin/sh
# A web server and an FTP server, each in a world of its own (network, users, processes, host name, IPC, files), on one bridge.
# As root: sh examples/two-servers.sh. As anybody: unshare-user -- unshare-net -- sh examples/two-servers.sh
# With a COMMAND, runs that while both serve: $web and $ftp are the PIDs of the two waiting links.
# Uses Debian's apache2, vsftpd, curl, iproute2, procps. PATH says where the tools are.
set -e; PATH=$PATH:/usr/sbin:/sbin; export PATH
# A killed link takes its world with it; what a shell has forked just now, $!, may lose any other signal.
over() { trap '' INT TERM; kill -9 $web $ftp $! 2>/dev/null || :; wait; $bridge; rm -rf "$here"; }
trap '' INT TERM; here=$(mktemp -d); trap over EXIT # from here on an end, or Ctrl-C, takes away what there is
cp -r "$(dirname "$0")/two-servers" "$here/conf" # vsftpd wants its own
mkdir "$here/web" "$here/ftp"; echo 'a page' >"$here/web/index.html"; echo 'a file' >"$here/ftp/file.txt"
# An address of its own: else it has one of its members', and changes it when that one goes, which nobody is told.
ip link add servers address 02:00:00:00:80:01 type bridge; bridge='ip link del servers'; trap 'exit 1' INT TERM
ip address add 10.80.0.1/24 dev servers; ip link set servers up
world() { # NAME ADDRESS COMMAND...: COMMAND in a world of its own
    name=$1 address=$2; shift 2; cd "$here"
    exec unshare-net --veth "host=$name,address=$address/24,bridge=servers" --route default,via=10.80.0.1 --sysctl net.ipv4.ip_unprivileged_port_start=0 -- \
        unshare-user --map-user 33 --map-group 33 -- \
        unshare-pid --pid-file "$name.pid" -- \
        unshare-uts --hostname "$name" -- \
        unshare-ipc -- \
        unshare-mnt --tmpfs / --ro-bind /usr /usr --ro-bind /etc /etc --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
            --proc /proc --dev /dev --tmpfs /run --tmpfs /tmp --dir /empty --ro-bind "$here/conf" /conf --ro-bind "$here/$name" /srv -- "$@"
}
(world web 10.80.0.2 apache2 -f /conf/apache2.conf -DFOREGROUND) & web=$!
(world ftp 10.80.0.3 vsftpd /conf/vsftpd.conf) & ftp=$!; export web ftp

in_world() { pid=$(cat "$here/$1.pid"); shift; nsenter -t "$pid" -U -p -m -n -u -i --preserve-credentials "$@"; }
until curl -sf -o "$here/got" http://10.80.0.2/ && curl -sf ftp://10.80.0.3/file.txt >>"$here/got"; do sleep 0.1; kill -0 $web; kill -0 $ftp; done
echo "the host fetched: $(paste -sd, "$here/got")"
echo "web fetched from ftp: $(in_world web curl -sf ftp://10.80.0.3/file.txt)"
echo "ftp fetched from web: $(in_world ftp curl -sf http://10.80.0.2/)"
echo "== the host, $(hostname)"; ps -o pid,args -p "$(cat "$here/web.pid"),$(cat "$here/ftp.pid")"; ip -br link
for one in web ftp; do
    echo "== $one"
    in_world $one sh -c 'echo "host name $(hostname), user $(id -u), IPC $(readlink /proc/self/ns/ipc), files $(ls /srv)"; ps -e -o pid,args; ip -br address; ss -Hltn'
done
if [ $# -gt 0 ]; then "$@"; exit; fi
kill $web; wait $web 2>/dev/null || :; web=
echo "without web, ftp still gives: $(curl -sf ftp://10.80.0.3/file.txt)"
