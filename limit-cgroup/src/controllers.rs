//! The controllers that the limits need: are they here, and if not, where; and enabling them for the group to be made
//! (cgroups(7), Documentation/admin-guide/cgroup-v2.rst).

use crate::group::Group;
use crate::hint::{self, table};
use crate::knob::Knob;
use crate::place::processes;
use crate::tree::v1_mount;
use common::failure::{Failure, OrHint, errno_of};
use common::hint::table::Cause;
use common::step::{next, step};
use common::text::quoted;
use std::fs;
use std::path::Path;

/// The controllers that the limits need. Where `parent` hasn't got one, the groups around it are had to hand it down.
///
/// # Errors
/// It is nowhere, or we may not.
pub fn needed<'a>(parent: &Path, knobs: &'a [Knob]) -> Result<Vec<&'a str>, Failure> {
    let mut needed: Vec<&str> = knobs.iter().filter_map(Knob::controller).collect();
    needed.sort_unstable();
    needed.dedup();
    if needed.is_empty() {
        return Ok(needed);
    }
    let mut there = list(parent, "cgroup.controllers")?;
    for controller in needed.iter().filter(|name| !there.iter().any(|there| there == *name)) {
        hand_down(controller, parent)?;
    }
    there = list(parent, "cgroup.controllers")?;
    if let Some(missing) = needed.iter().find(|name| !there.iter().any(|there| there == *name)) {
        let has = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        let what = format!("the controller '{missing}' is not there in {}, which has: {has}", quoted(parent));
        return Err(Failure::input(what).hint(whereabouts(missing, parent)));
    }
    Ok(needed)
}

/// Brings a controller down to `group`, which hasn't got it, from the nearest group around that has.
fn hand_down(controller: &str, group: &Path) -> Result<(), Failure> {
    let has =
        |group: &Path| list(group, "cgroup.controllers").is_ok_and(|list| list.iter().any(|name| name == controller));
    let mut keepers: Vec<&Path> = group.ancestors().skip(1).take_while(|_| !has(group)).collect();
    let Some(nearest) = keepers.iter().position(|group| has(group)) else { return Ok(()) };
    keepers.truncate(nearest + 1);
    for keeper in keepers.into_iter().rev() {
        let names = [controller.to_owned()];
        no_processes(keeper, &names, &[])?;
        write(keeper, &names).or_hint(|_| whereabouts(controller, group).into())?;
    }
    Ok(())
}

/// Has the group's parent hand the controllers down.
///
/// # Errors
/// Refused: not delegated, or other processes are in the parent.
pub fn enable(group: &mut Group, needed: &[&str]) -> Result<(), Failure> {
    // Looked at only now: the group is made, so no other guard takes back what is there.
    let there = list(group.parent(), "cgroup.subtree_control")?;
    let missing = needed.iter().filter(|name| !there.iter().any(|there| there == *name));
    let controllers: Vec<String> = missing.map(|name| (*name).to_owned()).collect();
    if controllers.is_empty() {
        // The kernel lists them before it has made their files, and lets nobody write meanwhile: what changes nothing
        // waits for that. Who may not write it here has them from elsewhere.
        if !needed.is_empty() {
            let _ = fs::write(group.parent().join("cgroup.subtree_control"), plus(needed));
        }
        return Ok(());
    }
    group.will_enable(&controllers)?;
    if group.only_us_in_parent()? && !is_root(group.parent()) {
        next(
            "this process makes way: a group that hands controllers down can hold no processes, and it is alone in there",
        );
        group.move_to_leaf()?;
    }
    no_processes(group.parent(), &controllers, &group.us())?;
    write(group.parent(), &controllers).or_hint(|errno| hint::enable(group.parent(), errno))
}

/// The no-internal-process rule: a group that hands controllers down holds no processes, the root excepted. The kernel
/// says EBUSY to most controllers. For cpu and pids, which count threads, it would turn the groups below into threaded
/// ones, which no process can join.
fn no_processes(group: &Path, controllers: &[String], us: &[i32]) -> Result<(), Failure> {
    if is_root(group) {
        return Ok(());
    }
    let there = processes(group)?;
    if there.is_empty() {
        return Ok(());
    }
    let others: Vec<String> = there.iter().filter(|pid| !us.contains(pid)).map(i32::to_string).collect();
    let (first, more) = (&others[..others.len().min(5)], if others.len() > 5 { ", ..." } else { "" });
    let controllers = controllers.join(", ");
    Err(Failure::input(format_args!("{} holds processes, so it cannot hand down {controllers}", quoted(group)))
        .hint(table::HOLDS_OTHERS.with([&(first.join(", ") + more)])))
}

/// Is this the root of the whole tree? It alone has no type. (That of a cgroup namespace is a group like others.)
fn is_root(group: &Path) -> bool {
    !group.join("cgroup.type").exists()
}

fn write(parent: &Path, controllers: &[String]) -> Result<(), Failure> {
    let path = parent.join("cgroup.subtree_control");
    let value = plus(controllers);
    let call = format!("write({}, {value:?})", quoted(&path));
    step(call, "the groups in it can be limited by these controllers from now on", || {
        fs::write(&path, &value).map_err(errno_of)
    })
}

/// What has them handed down, in the words of the kernel.
fn plus(controllers: &[impl AsRef<str>]) -> String {
    controllers.iter().map(|name| format!("+{}", name.as_ref())).collect::<Vec<_>>().join(" ")
}

fn list(group: &Path, file: &str) -> Result<Vec<String>, Failure> {
    let path = group.join(file);
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::refused(format_args!("read({})", quoted(&path)), errno_of(error)))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// Why a group hasn't got a controller: bound to v1, switched off, not handed down, not compiled.
fn whereabouts(controller: &str, group: &Path) -> Cause {
    // v1 called it so, and /proc/cgroups goes on to.
    let old_name = if controller == "io" { "blkio" } else { controller };
    let table = fs::read_to_string("/proc/cgroups").unwrap_or_default();
    let row = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|row| row.first() == Some(&old_name));
    match row.as_deref() {
        Some([_, hierarchy, ..]) if *hierarchy != "0" => {
            let place =
                v1_mount(old_name).map_or_else(String::new, |mount| format!(", mounted on {}", mount.point.display()));
            return table::ON_V1.with([&place, old_name]);
        }
        Some([_, _, _, "0"]) => {
            return table::SWITCHED_OFF.with([old_name]);
        }
        _ => {}
    }
    // The nearest group above that has it is the one that keeps it.
    let has =
        |group: &&Path| list(group, "cgroup.controllers").is_ok_and(|list| list.iter().any(|name| name == controller));
    match group.ancestors().skip(1).find(has) {
        Some(keeper) => table::NOT_HANDED_DOWN.with([&keeper.display().to_string()]),
        None if row.is_some() => table::NOT_VISIBLE.with([]),
        None => table::NO_CONTROLLER.with([]),
    }
}
