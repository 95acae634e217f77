//! Chains of all six: every order, statuses, deaths by signal, arguments byte for byte.

use crate::support::{
    Folder, LIMIT, TOOLS, cgroups, command, eventually, is_root, kill_group, lives, pid_in, sh, user, wait, watch,
};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

crate::tests![
    every_order,
    all_eight,
    without_user_in_front,
    without_dashes,
    statuses,
    deaths_of_the_command,
    deaths_by_way_of_the_link,
    arguments_arrive_byte_for_byte,
];

/// Chains where the waiting link is near the front, in the middle, and last.
const CHAINS: [&str; 3] = [
    "unshare-user -- unshare-pid -- unshare-mnt -- unshare-net -- unshare-uts -- unshare-ipc --",
    "unshare-user -- unshare-ipc -- unshare-mnt -- unshare-pid -- unshare-net -- unshare-uts --",
    "unshare-user -- unshare-uts -- unshare-net -- unshare-ipc -- unshare-mnt -- unshare-pid --",
];

/// Every order of `items`.
fn orders<T: Copy>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let with_first = |at: usize| {
        let rest: Vec<T> = items.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, item)| *item).collect();
        orders(&rest).into_iter().map(move |tail| [vec![items[at]], tail].concat())
    };
    (0..items.len()).flat_map(with_first).collect()
}

/// As root all 720 orders; for an ordinary user the 120 that begin with unshare-user. In each, all six are new.
fn every_order() {
    const LINKS: [&str; 6] = ["user", "pid", "mnt", "net", "uts", "ipc"];
    let link = |name: &str| fs::read_link(format!("/proc/self/ns/{name}")).expect("a link").display().to_string();
    let ours = LINKS.map(link);
    let six = &TOOLS[..6];
    let orders: Vec<_> = orders(six).into_iter().filter(|order| is_root() || order[0] == "unshare-user").collect();
    assert_eq!(orders.len(), if is_root() { 720 } else { 120 });
    for order in orders {
        let mut chain = command(order[0]);
        for tool in &order[1..] {
            chain.args(["--", tool]);
        }
        chain.args(["--", "readlink"]).args(LINKS.map(|name| format!("/proc/self/ns/{name}")));
        let seen = watch(chain, LIMIT);
        let theirs: Vec<&str> = seen.ok().lines().collect();
        assert_eq!(theirs.len(), LINKS.len(), "{order:?}: {seen:?}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_ne!(ours, theirs, "{order:?}");
        }
    }
}

/// The eight, and limit-cgroup around them and between them, with a setting each.
fn all_eight() {
    const ENTRIES: &str = "cd /proc/self/ns && readlink user pid mnt net uts ipc cgroup time";
    let outside = sh(ENTRIES);
    let rest = [
        "unshare-cgroup",
        "unshare-time --boottime 30d",
        "unshare-pid",
        "unshare-mnt --tmpfs /mnt",
        "unshare-net",
        "unshare-uts --hostname box",
        "unshare-ipc",
    ];
    let group = cgroups::Group::new();
    // Each of the seven once in every place.
    for turn in 0..rest.len() {
        let mut links = rest.to_vec();
        links.rotate_left(turn);
        let mut chain = format!("unshare-user -- {}", links.join(" -- "));
        if let Some(group) = &group {
            chain = format!("limit-cgroup --parent {group} -- {chain}");
        }
        let seen = sh(&format!("{chain} -- sh -c '{ENTRIES}; uname -n; cut -d. -f1 /proc/uptime; ls /mnt; exit 9'"));
        assert_eq!((seen.code(), seen.err.as_str()), (9, ""), "{chain}: {seen:?}");
        let lines: Vec<&str> = seen.out.lines().collect();
        assert!(outside.ok().lines().zip(&lines).all(|(outside, inside)| outside != *inside), "{chain}: {seen:?}");
        assert!(lines[8] == "box" && lines[9].parse::<u64>().is_ok_and(|uptime| uptime > 30 * 86400), "{seen:?}");
        assert_eq!(lines.len(), 10, "{chain}: {seen:?}");
    }
    // The chain of the manual, and the limit inside of the six.
    if let Some(group) = &group {
        let look = "sh -c 'echo $$; grep ^0:: /proc/self/cgroup'";
        let six = "unshare-user -- unshare-ipc -- unshare-uts -- unshare-net -- unshare-mnt -- unshare-pid";
        for (chain, pid, sees) in [
            (format!("limit-cgroup --parent {group} -- {}unshare-cgroup -- unshare-pid", user()), "1", "0::/"),
            (format!("{six} -- limit-cgroup --parent {group} --name in"), "3", &format!("0::/{}/in", group.name())),
        ] {
            let seen = sh(&format!("{chain} -- {look}"));
            assert_eq!(seen.ok(), format!("{pid}\n{sees}"), "{chain}: {seen:?}");
        }
        assert!(group.children().is_empty());
    }
}

/// What the kernel forbids to an ordinary user is refused by the first link, and the hint says what to do.
fn without_user_in_front() {
    // Root without capabilities is as powerless.
    let powerless = if is_root() { "setpriv --bounding-set=-all --inh-caps=-all -- " } else { "" };
    for first in TOOLS.iter().filter(|tool| **tool != "unshare-user") {
        let seen = sh(&format!("{powerless}{first} -- unshare-user -- echo ran"));
        assert!(seen.refused().contains("put 'unshare-user --' in front"), "{seen:?}");
    }
}

fn without_dashes() {
    let chain = "unshare-user unshare-pid unshare-mnt unshare-net unshare-uts --hostname box unshare-ipc";
    assert_eq!(sh(&format!("{chain} sh -c 'echo $$ $(uname -n)'")).ok(), "1 box");
}

fn statuses() {
    for status in 0..=255 {
        let chain = CHAINS[status % CHAINS.len()];
        assert_eq!(sh(&format!("{chain} sh -c 'exit {status}'")).status.code(), i32::try_from(status).ok(), "{chain}");
    }
}

/// TERM, KILL, SEGV and a real-time signal: the command's own death is the chain's.
fn deaths_of_the_command() {
    for signal in [libc::SIGTERM, libc::SIGKILL, libc::SIGSEGV, libc::SIGRTMIN() + 3] {
        for chain in CHAINS {
            // A PID 1 is shielded from its own signals, so there is an init.
            let chain = chain.replace("unshare-pid", "unshare-pid --init");
            let seen = sh(&format!("ulimit -c 0; exec {chain} sh -c 'kill -{signal} $$'"));
            assert_eq!(seen.status.signal(), Some(signal), "{chain} {seen:?}");
        }
    }
    // A real fault, of a PID 1: the kernel shields it from this one as little as from SIGKILL.
    for chain in CHAINS {
        let seen = sh(&format!("ulimit -c 0; exec {chain} perl -e 'unpack \"p\", pack \"Q\", 8'"));
        assert_eq!(seen.status.signal(), Some(libc::SIGSEGV), "{chain} {seen:?}");
    }
}

/// The same signals sent to the one process that a caller knows: the command dies, and the link of the same signal.
fn deaths_by_way_of_the_link() {
    for signal in [libc::SIGTERM, libc::SIGKILL, libc::SIGSEGV, libc::SIGRTMIN() + 3] {
        for chain in CHAINS {
            let folder = Folder::new();
            let file = folder.join("pid");
            let chain = chain.replace("unshare-pid", &format!("unshare-pid --pid-file {}", file.display()));
            let mut words = chain.split_whitespace();
            let mut child = command("sh");
            child.args(["-c", "ulimit -c 0; exec \"$@\"", "sh"]).args(words.by_ref());
            child.args(["sh", "-c", "echo ready; exec sleep 60"]).stdin(Stdio::null()).stdout(Stdio::piped());
            let mut child = child.spawn().expect("a chain");
            let mut ready = [0; 6];
            std::io::Read::read_exact(child.stdout.as_mut().expect("a pipe"), &mut ready).expect("the command runs");
            let inside = pid_in(&file);
            // Through a shell: nix knows no real-time signals.
            sh(&format!("kill -{signal} {}", child.id())).ok();
            let status = wait(&mut child, Duration::from_secs(10)).unwrap_or_else(|| {
                kill_group(&child);
                panic!("{chain}: lives on after signal {signal}")
            });
            assert_eq!(status.signal(), Some(signal), "{chain}");
            eventually("the command is gone", || !lives(inside));
        }
    }
}

fn arguments_arrive_byte_for_byte() {
    let all_bytes: Vec<u8> = (1..=255).collect();
    let arguments: Vec<OsString> =
        [&b"--"[..], b"--bogus", b"", b"-h", b"--keep", b"--help", b"--", b"\xff\xfe", b"a\nb", b"-", b"", &all_bytes]
            .iter()
            .map(|bytes| OsString::from_vec(bytes.to_vec()))
            .collect();
    for chain in CHAINS {
        let folder = Folder::new();
        let out = folder.join("out");
        let mut words = chain.split_whitespace();
        let mut chain = command(words.next().expect("a tool"));
        chain.args(words).args(["sh", "-c", "printf '%s\\0' \"$0\" \"$@\" >\"$OUT\"", "zero"]).args(&arguments);
        watch(
            {
                chain.env("OUT", &out);
                chain
            },
            LIMIT,
        )
        .ok();
        let mut expected = b"zero\0".to_vec();
        for argument in &arguments {
            expected.extend_from_slice(std::os::unix::ffi::OsStrExt::as_bytes(argument.as_os_str()));
            expected.push(0);
        }
        assert_eq!(fs::read(&out).expect("the arguments"), expected);
    }
    // Without a `--` of ours, the command's own is the command's.
    let seen = sh(&format!("{}unshare-uts printf '%s,' -- -x --", user()));
    assert_eq!(seen.ok(), "--,-x,--,");
}
