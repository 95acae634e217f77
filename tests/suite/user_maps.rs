//! Maps of `unshare-user`: ranges, subordinate IDs, and newuidmap, which may write them for an ordinary user.

use crate::support::{Folder, Seen, eventually, folder_with, is_root, many, marked, script, sh, sub_ids, watch};
use crate::user::{own, sleeps};
use std::process::Stdio;
use std::time::Duration;

crate::tests![
    explicit_ranges,
    most_lines,
    bad_maps,
    excluded_modes,
    largest_ids,
    inside_gaps,
    neighbours_are_joined,
    sub_ids_in_file_order,
    sub_ids_of_another_source,
    current_user_amid_its_sub_ids,
    program_refuses,
    program_is_killed,
    program_is_slow,
    nothing_left_of_a_killed_tool,
    caller_ignores_sigchld,
    caller_blocks_sigchld,
];

fn explicit_ranges() {
    let (users, groups) = if is_root() { (1000, 2000) } else { sub_ids() };
    let options = format!("--map-users 0:{users}:5 --map-users 10:{}:5 --map-groups 3:{groups}:7", users + 20);
    let seen = sh(&format!("unshare-user {options} -- cat /proc/self/uid_map /proc/self/gid_map"));
    let words: Vec<u32> = seen.ok().split_whitespace().map(|word| word.parse().expect("a number")).collect();
    assert_eq!(words, [0, users, 5, 10, users + 20, 5, 3, groups, 7]);
    // Each replaces the default on its own side alone.
    let (user, group) = own();
    let seen = sh(&format!("unshare-user --map-users 0:{users}:5 -- cat /proc/self/gid_map"));
    assert_eq!(seen.ok().split_whitespace().collect::<Vec<_>>(), ["0", &group.to_string(), "1"]);
    let seen = sh(&format!("unshare-user --map-groups 0:{groups}:5 -- cat /proc/self/uid_map"));
    assert_eq!(seen.ok().split_whitespace().collect::<Vec<_>>(), ["0", &user.to_string(), "1"]);
}

/// So many ranges of one ID each: the shortest text that there is, with a gap between any two.
fn many_lines(count: u32) -> String {
    (0..count).map(|n| format!("--map-users {n}:{}:1 --map-groups {n}:{}:1 ", 2 * n, 2 * n)).collect()
}

fn most_lines() {
    let many = many();
    let seen = sh(&format!("{many} unshare-user {} -- cat /proc/self/uid_map /proc/self/gid_map", many_lines(340)));
    assert_eq!(seen.ok().lines().count(), 680);
    let seen = sh(&format!("unshare-user {} -- echo ran", many_lines(341)));
    assert!(seen.refused().contains("--map-users: 341 lines, and a map has 340 at most\n"), "{seen:?}");
    // The one write holds less than a page, so long numbers leave room for fewer.
    let long: String = (0..200).map(|n| format!("--map-users 400000{n:04}:300000{n:04}:1 ")).collect();
    let seen = sh(&format!("unshare-user {long} -- echo ran"));
    assert!(seen.refused().contains("and a map has 4095 bytes at most\n"), "{seen:?}");
}

/// All of these are found before anything is made: the file for `--keep` is not.
fn bad_maps() {
    let folder = Folder::new();
    for (options, complaint) in [
        ("--map-users 0:0:10 --map-users 5:100:1", "0:0:10 and 5:100:1 overlap: both have the inner ID 5"),
        ("--map-users 0:0:10 --map-users 50:9:1", "0:0:10 and 50:9:1 overlap: both have the outer ID 9"),
        ("--map-groups 0:0:1 --map-groups 0:5:1", "--map-groups: 0:0:1 and 0:5:1 overlap"),
        ("--map-users 0:0:0", "COUNT is 0"),
        ("--map-users 4294967290:0:6", "past the largest ID"),
        ("--map-users 0:4294967290:6", "past the largest ID"),
        ("--map-users 0:0:4294967296", "past the largest ID"),
        ("--map-users 0:0:18446744073709551617", "past the largest ID"),
        ("--map-users 4294967295:0:1", "the largest ID is 4294967294"),
        ("--map-users 0:0", "expected INNER:OUTER:COUNT"),
        ("--map-users 0:0:1:1", "expected INNER:OUTER:COUNT"),
        ("--map-users 0,0,1", "expected INNER:OUTER:COUNT"),
        ("--map-users ::", "an ID is a decimal number"),
        ("--map-users 0:0:-1", "COUNT is a decimal number"),
        ("--map-users +0:0:1", "an ID is a decimal number"),
        ("--map-users ''", "INNER:OUTER:COUNT"),
        ("--map-user 4294967295", "the largest ID is 4294967294"),
        ("--map-user root", "an ID is a decimal number"),
        ("--setuid 99", "--setuid 99: there is no such user ID inside"),
        ("--setgid 99", "--setgid 99: there is no such group ID inside"),
        ("--groups 0,99", "--groups 99: there is no such group ID inside"),
        ("--map-none --setuid 0", "--setuid 0: there is no such user ID inside"),
        ("--setgroups perhaps", "'perhaps'"),
        ("--setgroups deny --groups 0", "--groups cannot be used with --setgroups deny"),
    ] {
        let seen = sh(&format!("unshare-user {options} --keep {folder}/kept -- echo ran"));
        assert!(seen.refused().contains(complaint), "{options}: {seen:?}");
        assert!(seen.err.lines().count() <= 2, "{options}: {seen:?}");
        assert!(!folder.join("kept").exists(), "{options}: nothing is made");
    }
}

fn excluded_modes() {
    let modes = ["-r", "-c", "--map-none", "--map-user 1", "--map-auto"];
    for (index, one) in modes.iter().enumerate() {
        for other in &modes[index + 1..] {
            // The caller's own ID with --map-auto is 0 or its own.
            if *other == "--map-auto" && ["-r", "-c"].contains(one) {
                continue;
            }
            let seen = sh(&format!("unshare-user {one} {other} -- echo ran"));
            assert!(seen.refused().contains("cannot be used with"), "{one} {other}: {seen:?}");
        }
    }
    for mode in ["--map-none --map-users 0:0:1", "--map-user 1 --map-users 0:0:1", "--map-group 1 --map-groups 0:0:1"] {
        let seen = sh(&format!("unshare-user {mode} -- echo ran"));
        assert!(seen.refused().contains("cannot be used with"), "{mode}: {seen:?}");
    }
}

fn largest_ids() {
    let seen = sh("unshare-user --map-user 4294967294 --map-group 4294967294 -- sh -c 'id -u; id -g'");
    assert_eq!(seen.ok(), "4294967294\n4294967294");
    let (outer, _) = if is_root() { (4_294_967_294, 0) } else { sub_ids() };
    let seen = sh(&format!("unshare-user --map-users 4294967294:{outer}:1 --setuid 4294967294 -- id -u"));
    assert_eq!(seen.ok(), "4294967294");
}

fn inside_gaps() {
    let gaps = format!(
        "{} unshare-user --map-users 0:0:10 --map-users 100:100:10 --map-groups 0:0:10 --map-groups 100:100:10 -- ",
        many()
    );
    let seen = sh(&format!("{gaps} unshare-user --map-users 0:5:5 --map-users 7:100:10 -- cat /proc/self/uid_map"));
    let words: Vec<&str> = seen.ok().split_whitespace().collect();
    assert_eq!(words, ["0", "5", "5", "7", "100", "10"]);
    for (range, id) in [("0:5:6", 10), ("0:99:2", 99), ("0:0:200", 10), ("0:5000:1", 5000)] {
        let seen = sh(&format!("{gaps} unshare-user --map-users {range} -- echo ran"));
        let complaint = format!("--map-users: the outer user ID {id} is none here");
        assert!(seen.refused().contains(&complaint), "{range}: {seen:?}");
        assert!(seen.err.contains("are: 0-9, 100-109"), "{range}: {seen:?}");
    }
}

/// A range over two lines of the map around is one range to a person, and refused by the kernel in one piece.
fn neighbours_are_joined() {
    let lines = format!("{} unshare-user --map-users 0:50:10 --map-users 10:0:10 -- ", many());
    let seen = sh(&format!(
        "{lines} unshare-user --map-users 0:0:20 -- sh -c 'wc -l </proc/self/uid_map; setpriv --reuid 15 id -u'"
    ));
    let (lines, id) = seen.ok().split_once('\n').expect("two lines");
    assert!(lines != "1" && id == "15", "{seen:?}");
}

/// A shell script in a mount namespace in which `etc` files are others: lines of `name text`.
fn with_etc(files: &[(&str, &str)], rest: &str) -> String {
    let mut text = format!("{} unshare --mount --propagation private sh -ec '", many());
    for (name, content) in files {
        text += &format!(
            "t=$(mktemp); printf \"{content}\" >$t; chmod 644 $t; mount --bind $t /etc/{name}; rm $t 2>/dev/null || true; "
        );
    }
    text + rest + "'"
}

fn sub_ids_in_file_order() {
    let maps = "unshare-user --map-auto -- cat /proc/self/uid_map /proc/self/gid_map";
    let name_and_number = "other:500:5\\nroot:300:3\\n# no line\\n0:100:7\\nroot:300:3\\nroot:x:1\\n";
    let files = [("subuid", name_and_number), ("subgid", "0:200:4\\nroot:50:1\\n")];
    let seen = sh(&with_etc(&files, maps));
    let words: Vec<u32> = seen.ok().split_whitespace().map(|word| word.parse().expect("a number")).collect();
    // The caller is 0; each range on the lowest inner IDs that are free.
    assert_eq!(words, [0, 0, 1, 1, 300, 3, 4, 100, 7, 0, 0, 1, 1, 200, 4, 5, 50, 1]);
    // A name in Latin-1 is no reason not to read the others, where nobody else can be asked.
    let files = [("subuid", "\\351ric:1:1\\nroot:300:3\\n"), ("subgid", "\\351:1:1\\nroot:300:3\\n")];
    let alone = "PATH=/nowhere $(command -v unshare-user) --map-auto -- /bin/cat /proc/self/uid_map";
    let seen = sh(&with_etc(&files, alone));
    assert_eq!(seen.ok().split_whitespace().collect::<Vec<_>>().join(" "), "0 0 1 1 300 3");
    let files = [("subuid", "other:500:5\\n"), ("subgid", "root:50:1\\n")];
    let seen = sh(&with_etc(&files, "unshare-user --map-auto -- echo ran"));
    assert!(seen.refused().contains("--map-auto: root has no subordinate user IDs in /etc/subuid"), "{seen:?}");
    assert!(seen.err.contains("usermod --add-subuids"), "{seen:?}");
}

fn sub_ids_of_another_source() {
    // As a directory server would answer.
    let folder = folder_with("getsubids", "case $1 in -g) shift; echo \"0: $1 70 5\";; *) echo \"0: $1 50 9\";; esac");
    let maps = format!("PATH={folder}:$PATH unshare-user --map-auto -- cat /proc/self/uid_map /proc/self/gid_map");
    for files in [
        [("subuid", "root:300:3\\n"), ("subgid", "root:300:3\\n"), ("nsswitch.conf", "subid: sss\\n")],
        [("subuid", ""), ("subgid", ""), ("nsswitch.conf", "passwd: files\\n")],
    ] {
        let seen = sh(&with_etc(&files, &maps));
        let words: Vec<u32> = seen.ok().split_whitespace().map(|word| word.parse().expect("a number")).collect();
        assert_eq!(words, [0, 0, 1, 1, 50, 9, 0, 0, 1, 1, 70, 5]);
    }
}

fn current_user_amid_its_sub_ids() {
    let files = [("subuid", "5:100:20\\n"), ("subgid", "5:100:20\\n")];
    let line = "setpriv --reuid 5 --regid 6 --clear-groups --inh-caps=-all unshare-user --map-auto -c -- cat /proc/self/uid_map";
    // The number 5 has a name there, and newuidmap may not help one inside: the caller keeps the right to write.
    let line = line.replace("--inh-caps=-all", "--inh-caps=+setuid,+setgid --ambient-caps=+setuid,+setgid");
    let seen = sh(&with_etc(&files, &line));
    let words: Vec<u32> = seen.ok().split_whitespace().map(|word| word.parse().expect("a number")).collect();
    // A range goes on behind the caller's own ID.
    assert_eq!(words, [5, 5, 1, 0, 100, 5, 6, 105, 15]);
}

/// A folder with a newuidmap that is this shell script; and the line, for somebody who needs it, that runs `command`.
fn with_program(text: &str, command: &str) -> (Folder, String) {
    let folder = folder_with("newuidmap", text);
    let (user, powerless) =
        if is_root() { (12345, "setpriv --reuid 12345 --regid 12345 --clear-groups ") } else { (own().0, "") };
    let maps = format!("--map-users 0:{user}:1 --map-users 1:300000:9");
    let line = format!("PATH={folder}:$PATH exec {powerless} unshare-user {maps} -- {command}");
    (folder, line)
}

fn refused_program(text: &str) -> Seen {
    let (_folder, line) = with_program(text, "echo ran");
    watch(script(&line), Duration::from_secs(40))
}

fn program_refuses() {
    let seen = refused_program("echo 'newuidmap: no, and no' >&2; exit 3");
    let line = seen.refused();
    assert!(line.contains("newuidmap 0 ") && line.contains(": exit status 3: newuidmap: no, and no\n"), "{seen:?}");
    assert!(line.contains("hint: "), "{seen:?}");
    assert_eq!(line.lines().count(), 2, "{seen:?}");
}

fn program_is_killed() {
    let seen = refused_program("kill -KILL $$");
    assert!(seen.refused().contains("killed by signal 9"), "{seen:?}");
}

fn program_is_slow() {
    let mark = format!("{}", 71_000_000 + std::process::id());
    let seen = refused_program(&format!("exec sleep {mark}"));
    assert!(seen.refused().contains("no end after 10 s: killed"), "{seen:?}");
    eventually("the slow program is gone", || marked(&mark).is_empty());
}

/// Also not of a newuidmap that hangs.
fn nothing_left_of_a_killed_tool() {
    let mark = format!("{}", 72_000_000 + std::process::id());
    let (_folder, line) = with_program(&format!("exec sleep {mark}"), &format!("echo {mark}"));
    let mut child = script(&line).stderr(Stdio::null()).spawn().expect("a process");
    eventually("newuidmap runs", || sleeps(&mark));
    child.kill().expect("a signal");
    child.wait().expect("its end");
    eventually("helper and program are gone", || marked(&mark).is_empty());
}

fn caller_ignores_sigchld() {
    let many = many();
    assert_eq!(sh(&format!("trap '' CHLD; {many} id -u")).ok(), "0");
    let seen = refused_program("exit 4");
    assert!(seen.refused().contains("exit status 4"), "{seen:?}");
}

/// What tells us of a helper's end is not pending for the command, and what was pending before still is.
fn caller_blocks_sigchld() {
    let many = many();
    assert_eq!(sh(&format!("env --block-signal=CHLD {many} grep -c 'Pnd:.0*$' /proc/self/status")).ok(), "2");
    // Nor of a program that names the ranges.
    let folder = folder_with("getsubids", "case $1 in -g) shift;; esac; echo \"0: $1 50 9\"");
    let files = [("subuid", ""), ("subgid", ""), ("nsswitch.conf", "subid: sss\\n")];
    let line = "env --block-signal=CHLD unshare-user --map-auto -- grep -c \"Pnd:.0*$\" /proc/self/status";
    assert_eq!(sh(&with_etc(&files, &format!("PATH={folder}:$PATH {line}"))).ok(), "2");
    let sends = "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGCHLD)); kill CHLD, $$; exec @ARGV";
    let seen = sh(&format!("perl -e '{sends}' {many} grep ShdPnd /proc/self/status"));
    assert_eq!(seen.ok(), "ShdPnd:\t0000000000010000");
}
