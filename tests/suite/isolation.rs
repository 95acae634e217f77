//! Each tool changes its own link under `/proc/self/ns` alone, and what it isolates is isolated both ways.
//!
//! The scenes play in a world of their own, a first namespace of the same kind, so that nothing on the host changes:
//! "outside" is that world.

use crate::support::{Folder, TOOLS, is_root, need, sh, user};
use std::fs;
use std::os::unix::fs::MetadataExt;

crate::tests![
    only_its_own_link,
    mount_proc_is_pid_and_mnt,
    host_and_domain_name,
    shared_memory,
    semaphores,
    message_queue,
    posix_message_queue,
    ipc_limits,
    mounts,
    interfaces,
    ports,
    abstract_sockets,
    processes,
    ids_and_owners,
    ids_outside,
];

/// What one saw of the other.
#[derive(Debug, PartialEq, Eq)]
struct BothWays {
    outside: String,
    inside: String,
}

/// Changes something inside, looks outside; changes something outside, looks inside. Both sides are shells, in a folder
/// `$D` of the scene's own.
///
/// `prepare` runs on both sides first; `change` gets the words `inside` and `outside` for `$1`.
#[track_caller]
fn both_ways(world: &str, tool: &str, prepare: &str, change: &str, look: &str) -> BothWays {
    let folder = Folder::new();
    for (name, text) in [("prepare", prepare), ("change", change), ("look", look)] {
        fs::write(folder.join(name), format!("set -e\n{text}\n")).expect("a script");
    }
    let outside = "mkfifo $D/to_inside $D/to_outside
        . $D/prepare
        # Whatever goes wrong, nobody waits for ever.
        trap 'kill $! 2>/dev/null' EXIT
        SIDE=inside $1 sh -ec '. $D/prepare; set -- inside; . $D/change; echo >$D/to_outside; read x <$D/to_inside; . $D/look >$D/inside' &
        exec 9<>$D/to_outside; read x <&9
        (. $D/look) >$D/outside
        set -- outside; . $D/change
        exec 8<>$D/to_inside; echo >&8; wait $!; trap - EXIT";
    fs::write(folder.join("play"), format!("set -e\n{outside}\n")).expect("a script");
    let seen = sh(&format!("export D={folder}; {world} sh $D/play '{tool}'"));
    seen.ok();
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("what was seen").trim().to_owned();
    BothWays { outside: read("outside"), inside: read("inside") }
}

/// Every namespace of the shell that reads this, a line each.
const LINKS: &str = "for n in cgroup ipc mnt net pid time user uts; do echo $(readlink /proc/self/ns/$n); done";

/// The kinds that differ between the two halves of a scene's output.
fn changed(out: &str) -> Vec<&str> {
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 16, "{out}");
    let (before, after) = lines.split_at(8);
    before.iter().zip(after).filter(|(a, b)| a != b).filter_map(|(a, _)| a.split(':').next()).collect()
}

fn only_its_own_link() {
    for tool in TOOLS {
        let front = if tool == "unshare-user" { "" } else { user() };
        let seen = sh(&format!("{front}sh -c '{LINKS}; {tool} -- sh -c \"$1\"' sh '{LINKS}'"));
        assert_eq!(changed(seen.ok()), [tool.trim_start_matches("unshare-")]);
        // And whoever called it stays where it was.
        let seen = sh(&format!("{front}sh -c '{LINKS}; {tool} -- true; {LINKS}'"));
        assert!(changed(seen.ok()).is_empty(), "{seen:?}");
    }
}

fn mount_proc_is_pid_and_mnt() {
    let seen = sh(&format!("{}sh -c '{LINKS}; unshare-pid --mount-proc -- sh -c \"$1\"' sh '{LINKS}'", user()));
    assert_eq!(changed(seen.ok()), ["mnt", "pid"]);
}

fn host_and_domain_name() {
    need("hostname");
    let (name, domain) = (sh("hostname").ok().to_owned(), sh("domainname").ok().to_owned());
    let world = format!("{}unshare-uts --hostname world --domainname world.nis --", user());
    let seen = both_ways(
        &world,
        "unshare-uts --",
        "",
        "hostname $1-name; domainname $1-domain",
        "echo $(hostname) $(domainname) $(uname -n)",
    );
    assert_eq!(seen.outside, "world world.nis world");
    assert_eq!(seen.inside, "inside-name inside-domain inside-name");
    // The options do the same as the calls, and one of them leaves the other name as it was.
    let seen = sh(&format!("{world} unshare-uts --hostname box -- sh -c 'hostname; domainname'"));
    assert_eq!(seen.ok(), "box\nworld.nis");
    let seen = sh(&format!("{world} unshare-uts --domainname nis -- sh -c 'hostname; domainname'"));
    assert_eq!(seen.ok(), "world\nnis");
    let longest = "x".repeat(64);
    assert_eq!(sh(&format!("{world} unshare-uts --hostname {longest} hostname")).ok(), longest);
    assert_eq!((sh("hostname").ok(), sh("domainname").ok()), (name.as_str(), domain.as_str()), "the host's own");
}

fn ipc_world() -> String {
    need("perl");
    format!("{}unshare-ipc --", user())
}

/// One key, made anew on each side: 03600 is IPC_CREAT | IPC_EXCL | 0600.
fn shared_memory() {
    let seen = both_ways(
        &ipc_world(),
        "unshare-ipc --",
        "",
        "perl -e '$id = shmget(7001, 64, 03600) // die \"$!\"; shmwrite($id, $ARGV[0], 0, 8) or die \"$!\"' $1",
        "perl -e '$id = shmget(7001, 0, 0) // do { print \"none\"; exit }; shmread($id, $_, 0, 8); print'",
    );
    assert_eq!((seen.outside.as_str(), seen.inside.trim_end_matches('\0')), ("none", "inside"));
}

fn semaphores() {
    let seen = both_ways(
        &ipc_world(),
        "unshare-ipc --",
        "",
        // SETVAL is 16: a different value on each side.
        "perl -e '$id = semget(7002, 1, 03600) // die \"$!\"; defined semctl($id, 0, 16, length $ARGV[0]) or die \"$!\"' $1",
        // GETVAL is 12.
        "perl -e '$id = semget(7002, 0, 0) // do { print \"none\"; exit }; print 0 + semctl($id, 0, 12, 0)'",
    );
    assert_eq!((seen.outside.as_str(), seen.inside.as_str()), ("none", "6"));
}

fn message_queue() {
    let seen = both_ways(
        &ipc_world(),
        "unshare-ipc --",
        "",
        "perl -e '$id = msgget(7003, 03600) // die \"$!\"; msgsnd($id, pack(\"l! a*\", 1, $ARGV[0]), 0) or die \"$!\"' $1",
        // 04000 is IPC_NOWAIT: the first message, and then there is no second.
        "perl -e '$id = msgget(7003, 0) // do { print \"none\"; exit };
            while (msgrcv($id, $m, 64, 0, 04000)) { print +(unpack \"l! a*\", $m)[1] }'",
    );
    assert_eq!((seen.outside.as_str(), seen.inside.as_str()), ("none", "inside"));
}

/// POSIX queues by their file system, which shows those of the namespace that mounts it.
fn posix_message_queue() {
    let world = format!("{}unshare-ipc -- unshare-mnt --", user());
    let seen = both_ways(
        &world,
        "unshare-ipc -- unshare-mnt --",
        "mkdir -p $D/queues; mount -t mqueue none $D/queues",
        ": >$D/queues/$1",
        "ls $D/queues",
    );
    assert_eq!((seen.outside.as_str(), seen.inside.as_str()), ("", "inside"));
}

/// A limit is the namespace's own, and set before the command runs.
fn ipc_limits() {
    let keys = "/proc/sys/kernel/shmmax /proc/sys/kernel/msgmni /proc/sys/fs/mqueue/queues_max";
    let before = sh(&format!("cat {keys}")).ok().to_owned();
    let set = "--sysctl kernel.shmmax=123456 --sysctl kernel.msgmni=77 --sysctl fs.mqueue.queues_max=9";
    assert_eq!(sh(&format!("{}unshare-ipc {set} -- cat {keys}", user())).ok(), "123456\n77\n9");
    assert_eq!(sh(&format!("cat {keys}")).ok(), before);
}

/// Where the world outside spreads its mounts to whoever listens: `mount --make-rshared /`.
fn mounts() {
    let world = format!("{}unshare-mnt --", user());
    let shared = "if [ $SIDE ]; then :; else mount --make-rshared /; mkdir -p $D/m/inside $D/m/outside; fi";
    let look = "for d in inside outside; do if mountpoint -q $D/m/$d; then echo $d; fi; done";
    let seen = both_ways(&world, "unshare-mnt --", shared, "mount -t tmpfs none $D/m/$1", look);
    assert_eq!((seen.outside.as_str(), seen.inside.as_str()), ("", "inside"));
    // The same scene tells when it is not isolated: what an unchanged propagation shares is seen.
    let seen = both_ways(&world, "unshare-mnt --propagation unchanged --", shared, "mount -t tmpfs none $D/m/$1", look);
    assert_eq!((seen.outside.as_str(), seen.inside.as_str()), ("inside", "inside\noutside"));
}

fn interfaces() {
    need("ip");
    let world = format!("{}unshare-net --", user());
    let seen = both_ways(
        &world,
        "unshare-net --",
        "",
        "ip link add $1 type bridge; ip address add 192.0.2.$(echo $1 | wc -c)/24 dev $1; ip link set $1 up",
        "ip -o link | cut -d: -f2 | tr -d '\\n'; ip -o -4 address show scope global | wc -l; ip -o -4 route show 192.0.2.0/24 | wc -l",
    );
    assert_eq!(seen.outside.split_whitespace().collect::<Vec<_>>(), ["lo0", "0"]);
    assert_eq!(seen.inside.split_whitespace().collect::<Vec<_>>(), ["lo", "inside1", "1"]);
    // lo answers, by IPv4 and by IPv6, and stays down where that was asked for.
    let ping = "perl -MIO::Socket::IP -e 'for (qw(127.0.0.1 ::1)) { my $l = IO::Socket::IP->new(LocalHost => $_, LocalPort => 0, Listen => 1) or die \"$_: $@\"; IO::Socket::IP->new(PeerHost => $_, PeerPort => $l->sockport) or die \"$_: $@\" }'";
    sh(&format!("{}unshare-net -- {ping}", user())).ok();
    let seen = sh(&format!("{}unshare-net --no-loopback -- ip -o link show lo", user()));
    assert!(seen.ok().contains("<LOOPBACK>"), "{seen:?}");
}

/// A port is listened on by both at once, and each reaches its own.
fn ports() {
    need("perl");
    // A listener that answers every caller with its side's name, until the scene ends.
    let listen = "perl -MIO::Socket::INET -e '$l = IO::Socket::INET->new(LocalAddr => \"127.0.0.1:7004\", Listen => 5, ReuseAddr => 1) or die $@;
            if (fork) { exit } close STDOUT; close STDERR; alarm 20; while ($c = $l->accept) { print $c $ARGV[0]; close $c }' $1";
    let ask = "perl -MIO::Socket::INET -e '$c = IO::Socket::INET->new(\"127.0.0.1:7004\") or do { print \"refused\"; exit }; print <$c>'";
    let world = format!("{}unshare-net -- unshare-pid --init --", user());
    let seen = both_ways(&world, "unshare-net --", "", listen, ask);
    assert_eq!((seen.outside.as_str(), seen.inside.as_str()), ("refused", "inside"));
}

fn abstract_sockets() {
    need("perl");
    let listen = "perl -MSocket -e 'socket(L, AF_UNIX, SOCK_STREAM, 0); bind(L, pack_sockaddr_un(\"\\0suite\")) or die \"$!\"; listen L, 5;
            if (fork) { exit } close STDOUT; close STDERR; alarm 20; while (accept(C, L)) { syswrite C, $ARGV[0]; close C }' $1";
    let ask = "perl -MSocket -e 'socket(C, AF_UNIX, SOCK_STREAM, 0); connect(C, pack_sockaddr_un(\"\\0suite\")) or do { print \"refused\"; exit }; print <C>'";
    let world = format!("{}unshare-net -- unshare-pid --init --", user());
    let seen = both_ways(&world, "unshare-net --", "", listen, ask);
    assert_eq!((seen.outside.as_str(), seen.inside.as_str()), ("refused", "inside"));
}

fn processes() {
    // Inside: PID 1, nobody else, and no way to a process outside.
    let seen = sh(&format!(
        "sleep 20 & {}unshare-pid --mount-proc -- sh -c \
         'echo $$; ps -e -o pid=,comm=; kill -0 '$!' 2>&1; test -e /proc/'$!' || echo unseen'; kill $!",
        user()
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert_eq!(lines[0], "1", "{seen:?}");
    assert!(lines[1].trim_start() == "1 sh" && lines[2].ends_with(" ps"), "{seen:?}");
    assert!(lines[3..].iter().any(|line| line.contains("No such process")), "{seen:?}");
    assert_eq!(lines.last(), Some(&"unseen"), "{seen:?}");
    assert!(!seen.out.contains("sleep"), "{seen:?}");
    // Outside: it has another number, and the kernel knows both.
    let seen = sh(&format!(
        "D=$(mktemp -d); {}unshare-pid --pid-file $D/pid -- sleep 20 & until test -s $D/pid; do sleep 0.01; done; sleep 0.1
         grep NSpid /proc/$(cat $D/pid)/status; cat $D/pid; kill $!; rm -r $D",
        user()
    ));
    let words: Vec<&str> = seen.ok().split_whitespace().collect();
    assert_eq!(
        (words.first(), words.last(), words.get(words.len() - 2)),
        (Some(&"NSpid:"), words.get(words.len() - 3), Some(&"1")),
        "{seen:?}"
    );
}

/// Another ID inside than outside, for the process and for the owner of a file that it makes.
fn ids_and_owners() {
    let folder = Folder::new();
    let own = fs::metadata(folder.path()).expect("a folder").uid();
    let group = fs::metadata(folder.path()).expect("a folder").gid();
    let line = |options: &str| {
        format!("unshare-user {options} -- sh -c 'touch {folder}/file; id -u; id -g; stat -c \"%u %g\" {folder}/file'")
    };
    for (options, inside, inside_group) in [
        ("--map-user 1234 --map-group 5678", 1234, 5678),
        ("--map-users 1234:OWN:1 --map-groups 5678:GROUP:1", 1234, 5678),
        ("", 0, 0),
        ("--map-root-user", 0, 0),
        ("--map-current-user", own, group),
    ] {
        let options = options.replace("OWN", &own.to_string()).replace("GROUP", &group.to_string());
        let seen = sh(&line(&options));
        assert_eq!(seen.ok(), format!("{inside}\n{inside_group}\n{inside} {inside_group}"), "{options}");
        let file = fs::metadata(folder.join("file")).expect("a file");
        assert_eq!((file.uid(), file.gid()), (own, group), "{options}");
        fs::remove_file(folder.join("file")).expect("it is ours");
    }
    // The caller is who it was.
    assert_eq!(sh("unshare-user --map-user 1234 -- true; id -u").ok(), own.to_string());
}

/// What is not mapped is nobody's inside, and cannot be changed there: neither a file nor a process.
fn ids_outside() {
    let seen = sh("unshare-user --map-none -- sh -c 'id -u; stat -c %u /'");
    assert_eq!(seen.ok(), "65534\n65534");
    // A directory of root's. Where root is nobody inside, it has no owner to change to, and nobody writes to it.
    let folder = Folder::new();
    let (map, place) = if is_root() {
        ("--map-users 0:1:1 --map-groups 0:1:1 --setuid 0 --setgid 0", folder.to_string())
    } else {
        ("", "/".to_owned())
    };
    let seen =
        sh(&format!("cd {place}; unshare-user {map} -- sh -c 'id -u; stat -c %u .; chown 0 . 2>&1; touch made 2>&1'"));
    assert!(seen.out.starts_with("0\n65534\n") && seen.out.contains("Operation not permitted"), "{seen:?}");
    assert!(
        seen.out.contains("Permission denied") && !fs::exists(format!("{place}/made")).expect("it is there"),
        "{seen:?}"
    );
}
