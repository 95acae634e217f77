//! However `limit-cgroup` ends, its group is gone, with all that was in it.

use crate::limit::group;
use crate::support::{Folder, LIMIT, eventually, kill_group, lives, need, pid_in, script, sh, watch};
use std::fs;
use std::time::Duration;

crate::tests![
    what_it_left_is_ended,
    supervisor_killed,
    guard_killed,
    without_cgroup_kill,
    too_deep_for_a_path,
    frozen,
    statuses,
    many_in_sequence,
];

/// A process in a session of its own, one that ignores signals, groups below: all are gone when the tool has ended.
fn what_it_left_is_ended() {
    let Some(group) = group() else { return };
    let folder = Folder::new();
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it -- sh -c '
            mkdir -p {group}/it/a/b
            sh -c \"echo \\$\\$ >{group}/it/a/b/cgroup.procs; exec setsid sh -c \\\"trap : TERM INT HUP; echo \\\\\\$\\\\\\$ >{folder}/pid; while :; do sleep 100; done\\\"\" &
            until [ -s {folder}/pid ]; do sleep 0.01; done
            exit 3'
         echo $?; ls {group} | grep -c '^it$'"
    ));
    assert_eq!(seen.out, "3\n0\n", "{seen:?}");
    assert!(!lives(pid_in(&folder.join("pid"))));
}

/// SIGKILL to the supervisor at any moment: the guard ends what is inside, and removes the group.
fn supervisor_killed() {
    let Some(group) = group() else { return };
    let folder = Folder::new();
    let line = format!(
        "exec limit-cgroup --parent {group} -- sh -c 'setsid sleep 100 & echo $! >{folder}/pid.new; mv {folder}/pid.new {folder}/pid; wait'"
    );
    let mut child = script(&line).spawn().expect("a process");
    let inside = pid_in(&folder.join("pid"));
    assert_eq!(group.children().len(), 1);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    eventually("everybody is gone", || !lives(inside));
    eventually("the group is gone", || group.children().is_empty());
    // And at the start, where it is half made; with all of its process group.
    for delay in 0..40 {
        let mut child = script(&format!("exec limit-cgroup --parent {group} -- sleep 100")).spawn().expect("a process");
        std::thread::sleep(Duration::from_micros(delay * 200));
        kill_group(&child);
        child.wait().expect("an end");
    }
    eventually("all groups are gone", || group.children().is_empty());
}

/// Without its guard the supervisor does the work itself.
fn guard_killed() {
    let Some(group) = group() else { return };
    let seen = sh(&format!(
        "limit-cgroup --parent {group} -- sh -c '
            for pid in $(cat /proc/$PPID/task/$PPID/children); do [ $pid = $$ ] || kill -9 $pid; done
            setsid sleep 100 & exit 6'
         echo $?"
    ));
    assert_eq!(seen.out, "6\n", "{seen:?}");
    assert!(group.children().is_empty());
}

/// As on kernels before 5.14: with the file out of reach, the processes are killed one by one.
fn without_cgroup_kill() {
    need("strace");
    let Some(group) = group() else { return };
    let folder = Folder::new();
    let seen = sh(&format!(
        "strace -f -o {folder}/trace -e trace=openat -e inject=openat:error=ENOENT -P k/cgroup.kill \
         limit-cgroup --parent {group} --name k -- sh -c '
            for i in 1 2 3 4 5; do setsid sh -c \"while :; do sleep 100 & sleep 0.01; done\" & done; sleep 0.2; exit 4'
         echo $?; grep -c INJECTED {folder}/trace"
    ));
    let (status, injected) = seen.out.trim_end().split_once('\n').expect("two lines");
    assert_eq!(status, "4", "{seen:?}");
    assert_ne!(injected, "0", "{seen:?}");
    assert!(group.children().is_empty());
}

/// A command can nest groups until no path is long enough to name the deepest.
fn too_deep_for_a_path() {
    need("perl");
    let Some(group) = group() else { return };
    let nest = "$n = \"x\" x 250; chdir $ARGV[0] or die; for (1..20) { mkdir $n and chdir $n or die \"$!\" } print \"20 deep\"";
    let seen = sh(&format!("limit-cgroup --parent {group} --name it -- perl -e '{nest}' {group}/it"));
    assert_eq!(seen.ok(), "20 deep");
    assert!(group.children().is_empty());
}

/// A group that was frozen from inside: signals still end the command, and nothing is left.
fn frozen() {
    let Some(group) = group() else { return };
    for (signal, status) in [("TERM", "143"), ("KILL", "137")] {
        let seen = sh(&format!(
            "limit-cgroup --parent {group} --name it -- sh -c 'setsid sleep 100 & echo 1 >{group}/it/cgroup.freeze; sleep 100' &
             until grep -q 'frozen 1' {group}/it/cgroup.events; do sleep 0.01; done 2>/dev/null
             kill -{signal} $!; wait $!; echo $?"
        ));
        assert_eq!(seen.out.trim_end(), status, "{seen:?}");
        eventually("the group is gone", || group.children().is_empty());
    }
}

fn statuses() {
    let Some(group) = group() else { return };
    let folder = Folder::new();
    fs::write(folder.join("plain"), "no program").expect("a file");
    for (command, status) in [
        ("sh -c 'exit 7'".to_owned(), 7),
        ("sh -c 'kill -TERM $$'".to_owned(), 143),
        ("sh -c 'kill -34 $$'".to_owned(), 162),
        ("no-such-program-at-all".to_owned(), 127),
        (format!("{folder}/plain"), 126),
        ("timeout 0.2 sleep 100".to_owned(), 124),
    ] {
        let seen = sh(&format!("exec limit-cgroup --parent {group} -- {command}"));
        assert_eq!(seen.code(), status, "{command}: {seen:?}");
    }
    let seen = sh(&format!("timeout 0.3 limit-cgroup --parent {group} sleep 100"));
    assert_eq!(seen.code(), 124, "{seen:?}");
    let seen = sh(&format!("trap '' CHLD; limit-cgroup --parent {group} sh -c 'exit 5'"));
    assert_eq!(seen.code(), 5, "{seen:?}");
    assert!(group.children().is_empty());
}

fn many_in_sequence() {
    let Some(group) = group() else { return };
    let line =
        format!("i=0; while [ $i -lt 500 ]; do limit-cgroup --parent {group} -- true || exit 1; i=$((i+1)); done");
    let seen = watch(script(&line), LIMIT * 10);
    seen.ok();
    assert_eq!((seen.err.as_str(), group.children().len()), ("", 0));
}
