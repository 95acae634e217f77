# In the virtual machine, as PID 1, with the host's root below us: makes it a usual system, runs the suite as root and as
# an ordinary user, and ends the machine with the status.
. /vm-settings
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/vm/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t mqueue mqueue /dev/mqueue
# As udev has it.
chmod 666 /dev/net/tun
ln -sf /proc/self/fd /dev/fd
ln -sf fd/0 /dev/stdin
ln -sf fd/1 /dev/stdout
ln -sf fd/2 /dev/stderr
mount -t tmpfs -o mode=755 run /run
mkdir -m 1777 /run/lock
# Ours: no test covers it, as some do /run and /tmp.
mkdir /vm
mount -t tmpfs -o mode=755 vm /vm
mkdir -m 1777 /vm/tmp
ip link set lo up
hostname vm
# Somebody with sub-IDs.
id tester >/dev/null 2>&1 || echo 'tester:x:4321:4321::/vm/tester:/bin/sh' >>/etc/passwd
grep -q '^tester:' /etc/group || echo 'tester:x:4321:' >>/etc/group
for file in /etc/subuid /etc/subgid; do grep -q '^tester:' "$file" 2>/dev/null || echo 'tester:100000:65536' >>"$file"; done
# An ordinary user has to get to the tree: here it is ours to say so.
dir=$TOP
while [ "$dir" != / ]; do chmod a+rx "$dir"; dir=$(dirname "$dir"); done
mkdir /vm/tester
chown tester:tester /vm/tester

echo "Linux $(uname -r), $(cat /sys/fs/cgroup/cgroup.controllers)"
echo "--- as root"
# From memory they start faster.
mkdir /vm/tools
for tool in "$TOOLS"/*; do [ -f "$tool" ] && [ -x "$tool" ] && cp "$tool" /vm/tools/; done
cp "$TOP/target/suite" /vm/suite
export UNSHARE_TOOLS=/vm/tools STRICT PATIENCE=10
setsid /vm/suite $FILTER
root=$?
echo "--- as an ordinary user"
# Who has a group that everything is handed down to, and starts in one below, out of its way. Nobody else's process is
# in there: the kernel would let them move none of root's, and cpuset moves all.
groups=/sys/fs/cgroup
for controller in $(cat $groups/cgroup.controllers); do echo "+$controller" >$groups/cgroup.subtree_control; done
mkdir $groups/tester $groups/tester/session
chown tester $groups/tester $groups/tester/session
for group in tester tester/session; do chown tester $groups/$group/cgroup.procs $groups/$group/cgroup.subtree_control $groups/$group/cgroup.threads; done
setsid sh -c 'echo $$ >$0/tester/session/cgroup.procs; exec "$@"' $groups \
    setpriv --reuid tester --regid tester --init-groups env HOME=/vm/tester DELEGATED=$groups/tester /vm/suite $FILTER
user=$?
# Ends the machine: 0 for a suite that passed.
status=$([ "$root$user" = 00 ] && echo 0 || echo 1)
sync
printf "\\00$status" | dd of=/dev/port bs=1 seek=244 2>/dev/null
sleep 5
echo o >/proc/sysrq-trigger
