//! `unshare-cgroup`: the caller's own group is the root of the tree, inside only.

use crate::support::{cgroups, sh, user};

crate::tests![own_group_is_the_root, another_namespace, the_group_stays,];

fn own_group_is_the_root() {
    let seen = sh(&format!("{}unshare-cgroup -- grep ^0:: /proc/self/cgroup", user()));
    assert_eq!(seen.ok(), "0::/");
}

fn another_namespace() {
    let seen = sh(&format!("readlink /proc/self/ns/cgroup; {}unshare-cgroup -- readlink /proc/self/ns/cgroup", user()));
    let (outside, inside) = seen.ok().split_once('\n').expect("two lines");
    assert!(inside.starts_with("cgroup:[") && inside != outside, "{seen:?}");
}

/// Nothing but the view is another: seen from outside, the process is where it was.
fn the_group_stays() {
    let group = cgroups::Group::new();
    let enter = group.as_ref().map_or_else(String::new, |group| format!("echo $$ >{group}/cgroup.procs; "));
    let seen = sh(&format!(
        "{enter}grep ^0:: /proc/self/cgroup; {}unshare-cgroup -- sleep 100 &
         until [ \"$(readlink /proc/$!/ns/cgroup)\" != \"$(readlink /proc/self/ns/cgroup)\" ]; do sleep 0.01; done
         grep ^0:: /proc/$!/cgroup; kill $!",
        user()
    ));
    let (before, after) = seen.ok().split_once('\n').expect("two lines");
    assert_eq!(before, after, "{seen:?}");
    if let Some(group) = group {
        assert_eq!(after, format!("0::/{}", group.name()));
    }
}
