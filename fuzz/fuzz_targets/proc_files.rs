//! The readers of `/proc`, on any bytes: status, mountinfo, uid_map, namespace links, and passwd(5) beside them. None may
//! panic: names of processes and of mount points are written by others.
#![cfg_attr(fuzzing, no_main)]
#![allow(dead_code, reason = "the tools' modules, of which the readers are called")]

mod driver;

#[path = "../../nstree/src/kind.rs"]
mod kind;
#[path = "../../nstree/src/links.rs"]
mod links;
#[path = "../../nstree/src/nsfs.rs"]
mod nsfs;
#[path = "../../nstree/src/process.rs"]
mod process;
#[path = "../../nstree/src/users.rs"]
mod users;

use common::mountinfo;
use common::proc::{bits, field};
use kind::Kind;
use process::Process;
use users::{Map, Names};

/// Reads the bytes as each of the files. Gives how much was found in them.
fn read(data: &[u8]) -> usize {
    let text = String::from_utf8_lossy(data);
    let process = process::of_status(1, &text);
    for name in ["Name", "CapEff", "SigCgt", "NSpid", ""] {
        let _ = bits(&text, name);
        assert!(field(&text, name).is_none_or(|value| !value.contains('\n')));
    }
    let mounts = mountinfo::read(data);
    let kept: usize = Kind::ALL.iter().map(|kind| nsfs::kept_among(mounts.clone(), *kind).len()).sum();
    let map = Map::of_text(&text);
    for id in [0, 1, 65534, u32::MAX - 1, u32::MAX] {
        let _ = map.inside(id);
    }
    let names = Names::of_text(data);
    let _ = (names.outside(0), names.inside(u32::MAX));
    let links = text.lines().filter_map(links::number).count();
    usize::from(process.as_ref().is_some_and(|process: &Process| !process.command().is_empty()))
        + mounts.len()
        + kept
        + links
}

driver::target!(
    read,
    [
        "Name:\t",
        "State:\tZ (zombie)\n",
        "PPid:\t",
        "NSpid:\t",
        "Uid:\t0\t0\t0\t0\n",
        "Kthread:\t1\n",
        "VmSize:",
        " - ",
        " nsfs nsfs rw",
        " shared:1",
        "net:[4026532441]",
        "mnt:[",
        "]",
        "/\\040(deleted)",
        " cgroup2 ",
        "root:x:0:0:",
    ]
);
