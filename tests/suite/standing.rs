//! Nothing left behind, by the kernel's own counts: hundreds of launches of mixed chains, 16 at a time, a tenth of them
//! killed at some moment. `SOAK` is the number of launches.

use crate::support::{Folder, is_root, need, script, user, watch};
use std::fs;
use std::time::Duration;

crate::tests![soak];

/// What is launched, by number: `$1`. Every tool, with what it makes outside its namespace too. `timeout` kills the link
/// itself, at any moment of its start or later; a command that kills itself takes the link with it.
const LAUNCH: &str = r#"
n=$1; shift
cut="timeout --foreground -s KILL 0.0$((n * 7 % 41))"
case $((n % 20)) in
    0) exec unshare-uts --hostname h$n -- true ;;
    1) exec unshare-pid -- unshare-ipc -- true ;;
    2) exec unshare-pid --init -- sh -c 'sleep 60 & true' ;;
    3) exec unshare-net --veth host=v$n,address=10.0.0.2/24 --route default,via=10.0.0.1 -- true ;;
    4) exec unshare-mnt --tmpfs /mnt --dir /mnt/d --ro-bind /usr /mnt/d --dev /dev -- true ;;
    5) exec unshare-user -- unshare-ipc -- unshare-uts -- unshare-net -- unshare-mnt -- unshare-pid --mount-proc -- true ;;
    6) unshare-pid --pid-file p$n -- unshare-user -- unshare-pid --init -- sh -c 'kill -9 $$'; exec rm p$n ;;
    7) unshare-uts --keep k$n -- true; umount k$n; exec rm k$n ;;
    8) exec unshare-mnt --overlay-src /usr/bin --tmp-overlay /mnt -- true ;;
    9) exec unshare-cgroup -- unshare-pid -- unshare-pid -- false ;;
    10) exec unshare-user --map-root-user -- unshare-mnt --tmpfs /mnt -- sh -c 'exec /no/such/file' ;;
    11) exec unshare-net --veth host=lo -- true ;;
    12) exec unshare-pid --init -- unshare-mnt --proc /proc -- sh -c 'setsid sleep 60 & exit 3' ;;
    13) exec unshare-ipc -- sh -c 'ipcmk -M 4096 -Q -S 1 >/dev/null' ;;
    14) exec unshare-pid --mount-proc -- sh -c 'exit 7' ;;
    15) exec unshare-uts -- unshare-net -- unshare-pid -- sh -c 'mktemp t$1.XXXXXX | xargs rm' sh $n ;;
    16) exec $cut unshare-pid --init -- unshare-net --veth host=v$n,address=10.0.0.2/24 -- sleep 60 ;;
    17) exec unshare-time --monotonic 5 -- unshare-pid -- unshare-mnt --tmpfs /mnt -- true ;;
    18) exec $cut unshare-pid -- unshare-user -- unshare-mnt --tmpfs /mnt -- unshare-pid --mount-proc -- sleep 60 ;;
    19) exec unshare-pid -- unshare-net --no-loopback -- true ;;
esac
"#;

/// Their numbers and statuses.
const ENDS: &str =
    "0: 0 1: 0 2: 0 3: 0 4: 0 5: 0 6: 0 7: 0 8: 0 9: 1 10: 127 11: 125 12: 3 13: 0 14: 7 15: 0 17: 0 19: 0";

/// In namespaces of its own, so that whatever else happens on the machine is not counted: which namespaces there are is
/// asked of the kernel's own count, by a limit at what there was before, under which one more of each still has to fit.
const SCENE: &str = r#"
count=$1
picture() {
    # By the shell itself, which starts nothing that would be counted.
    set -- /proc/[0-9]*
    echo "processes: $#"
    echo "interfaces: $(tail -n +3 /proc/net/dev | wc -l)"
    echo "mounts: $(wc -l </proc/self/mountinfo)"
    echo "files: $(ls -A | wc -l)"
    echo "System V objects: $(cat /proc/sysvipc/* | wc -l)"
}
# Does one more of a kind fit under what there was?
fits() {
    case $1 in
        net) unshare --net true ;; pid) unshare --pid --fork true ;; mnt) unshare --mount true ;; uts) unshare --uts true ;;
        ipc) unshare --ipc true ;; user) unshare --user true ;; cgroup) unshare --cgroup true ;; time) unshare --time true ;;
    esac 2>/dev/null
}
# How many there are: the lowest limit under which one more fits, less one.
living() {
    limit=/proc/sys/user/max_$1_namespaces
    was=$(cat $limit)
    n=1
    while echo $n >$limit; ! fits $1; do n=$((n + 1)); [ $n -lt 500 ] || break; done
    echo $was >$limit
    echo "$1: $((n - 1))"
}
all() { picture; for kind in user pid mnt net uts ipc cgroup time; do living $kind; done; }

before=$(all)
seq $count | xargs -P 16 -n 1 sh -c 'sh launch $1 2>/dev/null; echo $(($1 % 20)): $? >>/mnt/ends' sh
# Each did what it is there for, but for those that were cut off.
sort -u /mnt/ends | grep -v -e ^16: -e ^18: | sort -n | tr '\n' ' ' | sed 's/ $/\n/'
# The kernel takes a dead namespace away after a moment.
tries=0
until after=$(all); [ "$after" = "$before" ]; do
    tries=$((tries + 1))
    if [ $tries = 40 ]; then echo "before:" $before; echo "after:" $after; exit 1; fi
    sleep 0.25
done
echo "as before:" $after
"#;

fn soak() {
    need("xargs");
    let count: u32 = std::env::var("SOAK").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let folder = Folder::new();
    fs::write(folder.join("launch"), LAUNCH).expect("a script");
    fs::write(folder.join("scene"), SCENE).expect("a script");
    let slab = slab();
    // Root is root of a user namespace as well, whose limits are its own.
    let user = if is_root() { "unshare-user -- " } else { user() };
    let line = format!(
        "cd {folder} && exec {user}unshare-ipc -- unshare-net -- unshare-mnt --tmpfs /mnt -- unshare-pid --mount-proc --init -- sh scene {count}"
    );
    let seen = watch(script(&line), Duration::from_secs(30 + u64::from(count) / 10));
    let [ends, left] = seen.ok().lines().collect::<Vec<_>>()[..] else { panic!("{seen:?}") };
    assert_eq!(ends, ENDS);
    assert!(left.starts_with("as before: processes: "), "{seen:?}");
    if std::env::var_os("SOAK").is_some() {
        println!("{count} launches in {:.0} s: {left}", seen.took.as_secs_f32());
        println!("kernel slabs of the whole machine: {slab} kB before, {} kB after", self::slab());
    }
}

/// What the kernel holds in slabs that it cannot give back: of everybody, so a figure to read and not to assert.
fn slab() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    common::proc::field(&text, "SUnreclaim").and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0)
}
