//! `--keep` and `--pid-file`: a namespace outlives its command, others enter it, and `umount` lets it go.
//!
//! The mounts are made in a mount namespace of the scene's own, with its own `/run`, so that the host keeps none. In
//! that, an ordinary user may do what root may.

use crate::support::{Folder, TOOLS, is_root, need, sh, user};
use std::fs;

crate::tests![
    every_type_is_entered,
    pid_namespace_while_its_first_process_lives,
    network_by_its_name,
    umount_lets_go,
    occupied_file,
    replaced_by_somebody,
    replaced_while_it_is_looked_at,
    cannot_be_opened,
    helper_that_is_stopped_at_the_end,
    open_to_nobody_else,
    one_of_many_at_once,
    undone_when_the_command_cannot_run,
    refused_without_rights_here,
    pid_file,
    pid_file_removed_when_the_command_cannot_run,
];

/// Runs a script, with a folder `$D` of its own, in a private mount namespace where it may mount.
fn scene(text: &str) -> crate::support::Seen {
    need("nsenter");
    let folder = Folder::new();
    fs::write(folder.join("script"), format!("set -e\nmount -t tmpfs none /run\nmkdir $D/d\n{text}\n"))
        .expect("a script");
    sh(&format!("D={folder}; export D; {}unshare-mnt -- sh {folder}/script", user()))
}

/// The kinds of namespace that a kept file enters with nsenter's option of that name.
const KINDS: [(&str, &str); 7] = [
    ("unshare-user", "preserve-credentials --user"),
    ("unshare-mnt", "mount"),
    ("unshare-net", "net"),
    ("unshare-uts", "uts"),
    ("unshare-ipc", "ipc"),
    ("unshare-cgroup", "cgroup"),
    ("unshare-time", "time"),
];

fn every_type_is_entered() {
    for (tool, option) in KINDS {
        let entry = tool.trim_start_matches("unshare-");
        let look = format!("readlink /proc/self/ns/{entry}");
        // The command is over before somebody enters.
        let seen = scene(&format!(
            "{look}; {tool} --keep $D/kept -- {look}; nsenter --{option}=$D/kept {look}; {tool} --keep $D/second {look}
             nsenter --{option}=$D/second {look}; umount $D/kept; umount $D/second; {look}"
        ));
        let ids: Vec<&str> = seen.ok().lines().collect();
        let [outside, first, entered, second, entered_second, after] = ids[..] else { panic!("{tool}: {seen:?}") };
        assert_eq!((first, second, outside), (entered, entered_second, after), "{tool}");
        assert!(first != outside && second != outside && first != second, "{tool}: {ids:?}");
    }
    // A file that is there and empty is as good as one that is missing, and it stays.
    let seen = scene(
        ": >$D/kept; unshare-uts --hostname kept --keep $D/kept -- true; nsenter --uts=$D/kept uname -n; umount $D/kept; ls $D/kept",
    );
    assert!(seen.ok().starts_with("kept\n"), "{seen:?}");
}

fn pid_namespace_while_its_first_process_lives() {
    for init in ["", "--init"] {
        let seen = scene(&format!(
            "unshare-pid {init} --keep $D/kept -- sleep 30 &
             until mountpoint -q $D/kept; do sleep 0.01; done
             nsenter --pid=$D/kept readlink /proc/self/ns/pid; readlink /proc/$!/ns/pid_for_children
             kill $!; wait $! || echo $?
             nsenter --pid=$D/kept true 2>&1 || echo gone; umount $D/kept"
        ));
        let lines: Vec<&str> = seen.ok().lines().collect();
        assert_eq!(lines[0], lines[1], "{seen:?}");
        assert_eq!((lines[2], *lines.last().expect("a line")), ("143", "gone"), "{seen:?}");
    }
}

/// `ip netns` knows what is kept under /run/netns, also when that is not there before the first use.
fn network_by_its_name() {
    need("ip");
    let seen = scene(
        "unshare-net --keep /run/netns/blue -- ip link add br7 type bridge
         ip netns list; ip netns exec blue ip -o link show br7 | wc -l; ip -o link | grep -c br7 || true
         ip netns exec blue ip -o link show lo | grep -c LOOPBACK,UP
         ip netns delete blue; ls /run/netns | wc -l",
    );
    assert_eq!(seen.ok(), "blue\n1\n0\n1\n0");
}

fn umount_lets_go() {
    need("ip");
    // One end of a pair is in the kept namespace. When that dies, the kernel takes the other end away as well.
    let seen = scene(
        "exec unshare-net -- sh -ec 'unshare-net --keep /run/netns/blue -- true
         ip link add here type veth peer name there netns blue
         ip -o link show here | wc -l; umount /run/netns/blue
         for i in $(seq 500); do ip link show here >/dev/null 2>&1 || { echo gone; exit; }; sleep 0.02; done'",
    );
    assert_eq!(seen.ok(), "1\ngone");
    let seen = scene(
        "unshare-uts --hostname kept --keep $D/kept -- true; nsenter --uts=$D/kept uname -n
         umount $D/kept; nsenter --uts=$D/kept true 2>&1 || echo let go; rm $D/kept; ls $D",
    );
    assert!(seen.ok().starts_with("kept\n") && seen.ok().contains("let go"), "{seen:?}");
}

/// None binds on top of another, and none takes away what another has bound.
fn one_of_many_at_once() {
    need("flock");
    for tool in TOOLS {
        for made in ["", ": >$D/kept; "] {
            let seen = scene(&format!(
                "{made}for n in 1 2 3 4 5; do ({tool} --keep $D/kept -- echo ran 2>>$D/said || echo $?) & done; wait
                 grep -c $D/kept /proc/self/mounts; cat $D/said"
            ));
            let (said, count): (Vec<&str>, Vec<&str>) = seen.ok().lines().partition(|line| line.starts_with(tool));
            let of = |text: &str| count.iter().filter(|line| **line == text).count();
            assert_eq!((of("ran"), of("125"), of("1"), count.len()), (1, 4, 1, 6), "{tool}: {seen:?}");
            assert!(!said.is_empty(), "{tool}: {seen:?}");
        }
        let seen = scene(&format!(": >$D/kept; flock $D/kept {tool} --keep $D/kept -- echo ran || echo $?; ls $D"));
        assert!(seen.ok().starts_with("125\n") && seen.out.contains("kept"), "{tool}: {seen:?}");
        assert!(seen.err.contains("another tool is binding there"), "{tool}: {seen:?}");
    }
}

fn occupied_file() {
    for tool in TOOLS {
        let seen = scene(&format!(
            "unshare-uts --keep $D/kept -- true; {tool} --keep $D/kept -- echo ran || echo $?
             grep -c $D/kept /proc/self/mountinfo; umount $D/kept; ! grep $D/kept /proc/self/mountinfo"
        ));
        assert_eq!(seen.ok(), "125\n1", "{tool}: {seen:?}");
        assert!(seen.err.contains("a namespace is bound there already"), "{seen:?}");
        assert!(seen.err.contains("hint: 'umount "), "{seen:?}");
        // Something else that is mounted there, though the file is empty.
        let seen = scene(&format!(
            ": >$D/a; : >$D/b; mount --bind $D/a $D/b; {tool} --keep $D/b -- echo ran || echo $?; umount $D/b"
        ));
        assert_eq!(seen.ok(), "125", "{tool}: {seen:?}");
        assert!(seen.err.contains("something is mounted there"), "{seen:?}");
    }
}

/// On 125, 126 and 127 nothing is bound, and a file that was not there is not there.
fn undone_when_the_command_cannot_run() {
    let mut cases: Vec<(String, i32)> = vec![
        ("unshare-ipc --sysctl kernel.shmmax=many --keep $D/kept -- true".into(), 125),
        ("unshare-pid --mount-proc=/nonexistent --keep $D/kept -- true".into(), 125),
        ("unshare-mnt --tmpfs /nonexistent --keep $D/kept -- true".into(), 125),
        ("unshare-uts --hostname '' --keep $D/kept -- true".into(), 125),
        ("unshare-user --map-users 0:0:0 --keep $D/kept -- true".into(), 125),
        ("unshare-net --bogus --keep $D/kept -- true".into(), 125),
    ];
    for tool in TOOLS {
        cases.push((format!("{tool} --keep $D/kept -- $D/script"), 126));
        cases.push((format!("{tool} --keep $D/kept -- /nonexistent"), 127));
    }
    for (line, status) in cases {
        let seen = scene(&format!("{line} || echo $?; grep $D/kept /proc/self/mountinfo || ls $D"));
        assert_eq!(seen.ok(), format!("{status}\nd\nscript"), "{line}: {seen:?}");
        // The same where the file was there.
        let seen = scene(&format!(": >$D/kept; {line} || echo $?; grep $D/kept /proc/self/mountinfo || ls $D"));
        assert_eq!(seen.ok(), format!("{status}\nd\nkept\nscript"), "{line}: {seen:?}");
    }
    let seen = scene("unshare-net --keep /run/netns/blue -- /nonexistent || echo $?; ls /run");
    assert_eq!(seen.ok(), "127", "a directory that was made is gone too");
}

/// Who may not mount here is told so, and nothing is left: an ordinary user, or root without capabilities.
fn refused_without_rights_here() {
    for tool in TOOLS {
        let folder = Folder::new();
        // What is left to root is what unshare-user takes to map root. After that there are rights again, but none
        // over the caller's mounts.
        let powerless = if is_root() { "setpriv --bounding-set=-all,+setfcap --inh-caps=-all -- " } else { "" };
        let front = if tool == "unshare-user" { "" } else { "unshare-user -- " };
        let seen = sh(&format!("{powerless}{front}{tool} --keep {folder}/kept -- echo ran"));
        assert!(
            seen.refused().contains("--keep mounts in the caller's mount namespace") || seen.err.contains("hint: "),
            "{seen:?}"
        );
        assert!(seen.err.contains("CAP_SYS_ADMIN"), "{seen:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "{tool} left something behind");
    }
}

fn pid_file() {
    need("nsenter");
    let seen = scene(
        "unshare-pid --mount-proc --pid-file $D/pid -- sleep 30 &
         until test -s $D/pid; do sleep 0.01; done; pid=$(cat $D/pid)
         until test \"$(cat /proc/$pid/comm)\" = sleep; do sleep 0.01; done
         nsenter --target $pid --pid --mount ps -e -o pid=,comm= | tr -s ' '; kill $!",
    );
    assert!(seen.ok().trim_start().starts_with("1 sleep\n"), "{seen:?}");
    // Written before the command runs, over what was there.
    let seen = scene("echo a long line of another >$D/pid; unshare-pid --pid-file $D/pid -- cat $D/pid; wc -l <$D/pid");
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert!(lines[0].parse::<u32>().is_ok_and(|pid| pid > 1), "{seen:?}");
    assert_eq!(lines[1], "1");
    // With --init it is still the command's.
    let seen = scene(
        "unshare-pid --init --pid-file $D/pid -- sh -c 'grep NSpid /proc/self/status; cat $D/pid' | tr -s '\\t\\n' '  '",
    );
    let words: Vec<&str> = seen.ok().split_whitespace().collect();
    assert!(words.len() >= 4, "{seen:?}");
}

fn pid_file_removed_when_the_command_cannot_run() {
    for (command, status) in [("/nonexistent", 127), ("$D/script", 126)] {
        let seen = scene(&format!("unshare-pid --pid-file $D/pid -- {command} || echo $?; ls $D"));
        assert_eq!(seen.ok(), format!("{status}\nd\nscript"), "{seen:?}");
    }
    let seen = scene("unshare-pid --mount-proc=/nonexistent --pid-file $D/pid -- true || echo $?; ls $D");
    assert_eq!(seen.ok(), "125\nd\nscript", "{seen:?}");
}

/// Who may write to the directory can put a link in FILE's place at any moment: nothing is bound, unmounted or removed
/// where that leads.
fn replaced_by_somebody() {
    need("strace");
    // The call is held for a second, and meanwhile the directory is another one.
    let held = |call: &str, line: &str| {
        format!(
            "mkdir $D/x; strace -f -qq -o $D/trace -e trace={call} -e inject={call}:delay_enter=1500000 {line} & tool=$!
             until grep -q {call} $D/trace; do sleep 0.02; done 2>/dev/null
             sleep 0.2; mv $D/x $D/moved; mkdir $D/x; ln -s $D/victim $D/x/kept; wait $tool || echo $?; readlink $D/x/kept >&2"
        )
    };
    for tool in ["unshare-uts", "unshare-user"] {
        let seen = scene(&format!(
            "echo a secret >$D/victim; {}; cat $D/victim; stat -f -c %T $D/moved/kept; umount $D/moved/kept; ls $D/moved",
            held("mount", &format!("{tool} --keep $D/x/kept -- true"))
        ));
        assert_eq!(seen.ok(), "a secret\nnsfs\nkept", "{tool}: {seen:#?}");
        let seen = scene(&format!(
            "mkdir $D/victim; mount -t tmpfs none $D/victim; echo a secret >$D/victim/file; {}; cat $D/victim/file; grep -c nsfs /proc/mounts || :; ls $D/moved",
            held("umount2", &format!("{tool} --keep $D/x/kept -- /nonexistent"))
        ));
        assert_eq!(seen.out, "127\na secret\n0\nkept\n", "{tool}: {seen:#?}");
    }
}

/// The same while the tool makes sure of FILE, before it goes on: it refuses, and waits for nobody.
fn replaced_while_it_is_looked_at() {
    need("strace");
    // At the first of these calls for FILE the tool is held for a second, and meanwhile FILE is another.
    let held = |call: &str, nth: usize, swap: &str| {
        format!(
            "strace -f -qq -o $D/trace -P $D/kept -e inject={call}:delay_enter=1000000:when={nth} \
               timeout 9 unshare-uts --keep $D/kept -- echo ran & tool=$!
             until [ $(grep -c {call}. $D/trace) = {nth} ]; do sleep 0.02; done 2>/dev/null
             sleep 0.2; {swap}; wait $tool || echo $?; stat -c %F $D/kept; grep -c nsfs /proc/mounts || :"
        )
    };
    // It was an empty file when it was looked at; to open a pipe waits for who opens the other end.
    let seen = scene(&format!(": >$D/kept; {}", held("openat", 2, "rm $D/kept; mkfifo $D/kept")));
    assert_eq!(seen.ok(), "125\nfifo\n0", "{seen:#?}");
    assert!(seen.err.contains("not a regular file"), "{seen:#?}");
    // Another empty file in the place of the one that was opened, or made: whose it is, nobody knows.
    for before in [": >$D/kept", ":"] {
        let seen = scene(&format!("{before}; {}; ls $D", held("flock", 1, "mv $D/kept $D/moved; : >$D/kept")));
        assert_eq!(seen.ok(), "125\nregular empty file\n0\nd\nkept\nmoved\nscript\ntrace", "{seen:#?}");
        assert!(seen.err.contains("it was replaced while it was looked at"), "{seen:#?}");
        assert!(seen.err.contains("hint: name a file in a directory to which nobody else may write"), "{seen:#?}");
    }
}

/// Nothing is left of the directory of `ip netns` where the file in it cannot be made.
fn cannot_be_opened() {
    let seen = scene("unshare-net --keep /run/netns/$(printf %0256d 0) -- true || echo $?; ls /run");
    assert_eq!(seen.ok(), "125", "{seen:#?}");
    assert!(seen.err.contains("ENAMETOOLONG"), "{seen:#?}");
    // Somebody else's file: looked at, but not opened.
    let folder = Folder::new();
    fs::write(folder.join("kept"), "").expect("a file");
    sh(&format!("chmod 0 {folder}/kept")).ok();
    let powerless = if is_root() { "setpriv --bounding-set=-all --inh-caps=-all -- " } else { "" };
    let seen = sh(&format!("{powerless}unshare-user --keep {folder}/kept -- echo ran"));
    assert!(seen.refused().contains("/kept\"): EACCES"), "{seen:#?}");
    assert!(folder.join("kept").exists());
}

/// The helper has bound the namespace, and somebody stops it before it is sent away: it is not waited for.
fn helper_that_is_stopped_at_the_end() {
    need("strace");
    need("pgrep");
    let calls = "write,sendto";
    let seen = scene(&format!(
        "timeout 9 strace -qq -o $D/trace -e trace={calls} -e inject={calls}:delay_enter=1500000:when=2 \
           unshare-user --keep $D/kept -- true & first=$!
         until [ $(grep -c '\"[dl]\", 1' $D/trace) = 2 ]; do sleep 0.02; done 2>/dev/null
         helper=$(pgrep -P $(pgrep -P $(pgrep -P $first))); kill -STOP $helper
         wait $first || echo $?; stat -f -c %T $D/kept; umount $D/kept; kill -0 $helper 2>/dev/null || echo reaped"
    ));
    assert_eq!(seen.ok(), "nsfs\nreaped", "{seen:#?}");
}

/// The directory of `ip netns`, where it is made: with a caller's umask of 0, too.
fn open_to_nobody_else() {
    let seen =
        scene("umask 0; unshare-net --keep /run/netns/blue -- true; stat -c %a /run/netns; umount /run/netns/blue");
    assert_eq!(seen.ok(), "755");
}
