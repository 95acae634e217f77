//! Where `limit-cgroup` makes its group: what the parent hands down, who else is in it, and whose it is.

use crate::limit::{group, group_of_root};
use crate::support::cgroups::{has, some_knob, tree};
use crate::support::{Folder, eventually, need, sh, user};

crate::tests![
    frozen_parent,
    parents_that_take_no_group,
    occupied_name,
    missing_controller,
    parent_hands_down_what_it_did,
    beside_others,
    four_at_once,
    nested,
    delegated,
    not_delegated,
    replaced_by_its_parents_owner,
];

/// What joins a frozen group hangs: that is said instead.
fn frozen_parent() {
    let Some(group) = group() else { return };
    let seen = sh(&format!(
        "mkdir {group}/a; echo 1 >{group}/cgroup.freeze; limit-cgroup --parent {group}/a -- echo ran; s=$?
         echo 0 >{group}/cgroup.freeze; rmdir {group}/a; exit $s"
    ));
    assert!(
        seen.refused().contains(&format!("\"{group}\" is frozen, so the command could not start in it")),
        "{seen:?}"
    );
    assert!(seen.err.contains(&format!("hint: thaw it with 'echo 0 >{group}/cgroup.freeze'")), "{seen:?}");
}

fn parents_that_take_no_group() {
    let Some(group) = group() else { return };
    // A controller that does not count threads.
    let domain = if has("memory") { "memory.max=1G" } else { "hugetlb.2MB.max=2097152" };
    let threaded = format!("mkdir {group}/a; echo threaded >{group}/a/cgroup.type");
    for (before, options, call, hint) in [
        (
            format!("mkdir {group}/a; echo 0 >{group}/cgroup.max.descendants"),
            format!("--parent {group}/a"),
            "mkdir(",
            format!("EAGAIN: Try again\nlimit-cgroup: hint: {group}/a or a group above it allows no more: "),
        ),
        (
            threaded.clone(),
            format!("--parent {group}"),
            "cgroup.procs\", \"0\"): EOPNOTSUPP",
            "hint: the group around it holds processes and hands down controllers that count threads".to_owned(),
        ),
        (
            threaded,
            format!("--parent {group} --set {domain}"),
            "cgroup.subtree_control\", \"+",
            format!("hint: \"{group}\" is a threaded group: name another one with --parent"),
        ),
    ] {
        let seen = sh(&format!(
            "{before}; limit-cgroup {options} -- echo ran; s=$?
             rmdir {group}/a; echo max >{group}/cgroup.max.descendants; exit $s"
        ));
        assert!(seen.refused().contains(call) && seen.err.contains(&hint), "{before}: {seen:#?}");
        assert!(group.children().is_empty());
    }
    let tree = tree().display();
    let seen = sh(&format!(
        "exec {} unshare --mount --propagation private sh -ec 'mount -o remount,bind,ro {tree}
            exec limit-cgroup --parent {group} -- echo ran'",
        user()
    ));
    let hint = format!("EROFS: Read-only file system\nlimit-cgroup: hint: {group} is mounted read-only");
    assert!(seen.refused().contains(&hint), "{seen:#?}");
}

/// Somebody else's group of that name stays, with who is in it.
fn occupied_name() {
    let Some(group) = group() else { return };
    let seen = sh(&format!(
        "mkdir {group}/theirs; sleep 100 & echo $! >{group}/theirs/cgroup.procs
         limit-cgroup --parent {group} --name theirs -- echo ran; echo $?
         kill -0 $! && echo lives; kill $!; wait $! 2>/dev/null; rmdir {group}/theirs"
    ));
    assert_eq!(seen.out, "125\nlives\n", "{seen:?}");
    assert!(
        seen.err.contains("EEXIST") && seen.err.contains("hint: a group of that name is there already"),
        "{seen:?}"
    );
}

/// A controller that is not there: which ones are, and where it is.
fn missing_controller() {
    for (controller, options) in [("memory", "--memory 64M"), ("cpu", "--cpus 1"), ("pids", "--pids-limit 9")] {
        if has(controller) {
            continue;
        }
        let seen = sh(&format!("limit-cgroup --parent {} {options} -- echo ran", tree().display()));
        assert!(seen.refused().contains(&format!("the controller '{controller}' is not there in")), "{seen:?}");
        assert!(seen.err.contains(", which has: ") && seen.err.contains("hint: it is bound to cgroup v1"), "{seen:?}");
    }
    let seen = sh(&format!("limit-cgroup --parent {} --set bogus.max=1 -- echo ran", tree().display()));
    assert!(seen.refused().contains("hint: this kernel has no such controller"), "{seen:?}");
}

/// The parent is as it was, whether the command ran, could not, or its supervisor was killed.
fn parent_hands_down_what_it_did() {
    let Some(group) = group() else { return };
    let (_, file, value) = some_knob();
    for (command, status) in [("true", 0), ("no-such-program-at-all", 127), ("sh -c 'kill -9 $PPID; sleep 100'", 137)] {
        let seen = sh(&format!("exec limit-cgroup --parent {group} --set {file}={value} -- {command}"));
        assert_eq!(seen.code(), status, "{seen:?}");
        eventually("the parent is as it was", || {
            group.children().is_empty() && group.read("cgroup.subtree_control").is_empty()
        });
    }
}

/// Processes beside us in the caller's group: a limit without controllers works, with one the kernel's rule forbids it.
fn beside_others() {
    let Some(group) = group() else { return };
    let (_, file, value) = some_knob();
    // So that the controller is there at all.
    sh(&format!("limit-cgroup --parent {group} --set {file}={value} -- true")).ok();
    let seen = sh(&format!(
        "echo $$ >{group}/cgroup.procs; limit-cgroup echo fine; limit-cgroup --set {file}={value} -- echo ran; echo $?; echo $$"
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert_eq!(lines[..2], ["fine", "125"], "{seen:?}");
    assert!(seen.err.contains(" holds processes, so it cannot hand down "), "{seen:?}");
    assert!(seen.err.contains(&format!("hint: it holds {}; name another group with --parent", lines[2])), "{seen:?}");
    assert!(seen.err.contains("or use 'systemd-run --scope -p Delegate=yes"), "{seen:?}");
    assert!(group.children().is_empty());
}

/// Whoever has the parent hand controllers down, the others find them there, whole; and it is as it was in the end.
fn four_at_once() {
    let Some(group) = group() else { return };
    let (_, file, value) = some_knob();
    let options =
        if has("memory") { "--memory 64M --cpus 0.5 --pids-limit 50" } else { &format!("--set {file}={value}") };
    let seen = sh(&format!(
        "i=0; while [ $((i += 1)) -le 20 ]; do
             mkdir {group}/fresh
             for one in 1 2 3 4; do (limit-cgroup --parent {group}/fresh {options} -- true || echo $?) & done; wait
             rmdir {group}/fresh || exit
         done"
    ));
    assert_eq!((seen.ok(), seen.err.as_str()), ("", ""));
}

/// The inner link is alone in its group, and makes way for its own command's.
fn nested() {
    let Some(group) = group() else { return };
    let (_, file, value) = some_knob();
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name outer --set {file}={value} -- \
         limit-cgroup --name inner --set {file}={value} -- \
         sh -c 'grep ^0:: /proc/self/cgroup; grep ^0:: /proc/$PPID/cgroup; cat {group}/outer/inner/{file}; setsid sleep 100 &'"
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    let outer = format!("0::/{}/outer", group.name());
    assert_eq!(lines[0], format!("{outer}/inner"), "{seen:?}");
    assert!(lines[1].starts_with(&format!("{outer}/leaf-")), "{seen:?}");
    assert_eq!(lines[2], value);
    assert!(group.children().is_empty());
    // Where it was alone in a group that stays, it has gone home, and the group is as it was.
    let seen = sh(&format!(
        "sh -c 'echo $$ >{group}/cgroup.procs; exec limit-cgroup --set {file}={value} -- grep ^0:: /proc/self/cgroup'; \
         ls -d {group}/*/ 2>/dev/null; cat {group}/cgroup.subtree_control"
    ));
    assert!(seen.out.starts_with(&format!("0::/{}/limit-", group.name())) && seen.out.lines().count() == 1, "{seen:?}");
    // The outer supervisor is killed: all is gone.
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --set {file}={value} -- limit-cgroup --set {file}={value} -- sleep 100 & \
         until cat {group}/limit-*/limit-*/cgroup.procs 2>/dev/null | grep -q .; do sleep 0.01; done; kill -9 $!; wait $!; echo $?"
    ));
    assert_eq!(seen.out, "137\n", "{seen:?}");
    eventually("the groups are gone", || group.children().is_empty());
}

/// An ordinary user in a group that was given to them, with no more than that.
fn delegated() {
    let Some(group) = group_of_root() else { return };
    let (controller, file, value) = some_knob();
    sh(&format!("limit-cgroup --parent {group} --set {file}={value} -- true")).ok();
    let seen = sh(&format!(
        "chown 65534 {group} {group}/cgroup.procs {group}/cgroup.subtree_control {group}/cgroup.threads
         echo $$ >{group}/cgroup.procs
         exec setpriv --reuid 65534 --regid 65534 --clear-groups limit-cgroup --name it --set {file}={value} -- \
         sh -c 'id -u; cat {group}/it/{file}; cat {group}/cgroup.subtree_control; setsid sleep 100 &'"
    ));
    assert_eq!(seen.ok(), format!("65534\n{value}\n{controller}"), "{seen:?}");
    assert!(group.children().is_empty());
    assert_eq!(group.read("cgroup.subtree_control"), "");
}

/// Who owns the parent can remove a group as long as it is empty, and make one of its own in its place, without the limits.
fn replaced_by_its_parents_owner() {
    need("strace");
    let Some(group) = group_of_root() else { return };
    let folder = Folder::new();
    let user = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
    let seen = sh(&format!(
        "chown 65534 {group}
         strace -f -qq -o {folder}/trace -e trace=openat -e inject=openat:delay_enter=1500000 -P {group}/it/cgroup.procs \
             limit-cgroup --parent {group} --name it --set cgroup.max.depth=3 -- echo ran & tool=$!
         until [ \"$(cat {group}/it/cgroup.max.depth 2>/dev/null)\" = 3 ] && grep -q cgroup.procs {folder}/trace; do sleep 0.02; done
         {user} rmdir {group}/it && {user} mkdir {group}/it; wait $tool; echo $?"
    ));
    assert_eq!(seen.out, "125\n", "{seen:?}");
    assert!(
        seen.err.contains("it\" is not the group that was made, but another one that belongs to user 65534"),
        "{seen:?}"
    );
    assert!(seen.err.contains("hint: who may write to"), "{seen:?}");
    eventually("the groups are gone", || group.children().is_empty());
}

fn not_delegated() {
    let Some(group) = group_of_root() else { return };
    let (controller, file, value) = some_knob();
    let user = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
    // Everything but the controllers.
    let seen = sh(&format!(
        "mkdir {group}/a; chown -R 65534 {group}/a; echo $$ >{group}/a/cgroup.procs; {user}limit-cgroup --set {file}={value} -- echo ran"
    ));
    assert!(seen.refused().contains("EACCES"), "{seen:?}");
    assert!(seen.err.contains("has it and does not hand it down: not delegated"), "{controller}: {seen:?}");
    // A group of one's own, but started outside of it.
    let seen = sh(&format!("{user}limit-cgroup --parent {group}/a -- echo ran"));
    assert!(seen.refused().contains("hint: to move a process takes the right to write cgroup.procs"), "{seen:?}");
    eventually("the group is empty", || sh(&format!("rmdir {group}/a")).status.success());
}
