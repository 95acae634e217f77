//! Why there can be no process more: fork(2)'s EAGAIN. Looked for only after a refusal.

use super::table::{Cause, GROUP_PROCESSES, USER_PROCESSES};
use crate::mountinfo;
use crate::proc::{field, number};
use crate::text::quoted;
use nix::unistd::getuid;
use std::fs;
use std::path::{Path, PathBuf};

/// Which limit is reached, if it can be seen from here.
pub fn at_limit() -> Option<Cause> {
    of_user().or_else(of_group)
}

/// RLIMIT_NPROC counts the threads of the real user ID, and stops at the number or, where it was lowered, above it.
fn of_user() -> Option<Cause> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max processes"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    let user = getuid().to_string();
    let has: u64 = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| {
            let status = fs::read_to_string(entry.ok()?.path().join("status")).ok()?;
            let is_theirs = field(&status, "Uid")?.split_whitespace().next() == Some(&*user);
            if is_theirs { field(&status, "Threads")?.parse::<u64>().ok() } else { None }
        })
        .sum();
    (has >= limit).then(|| USER_PROCESSES.with([&user, &has.to_string(), &limit.to_string()]))
}

/// The group of this process or one around it, in whichever hierarchy counts processes.
fn of_group() -> Option<Cause> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = mountinfo::own();
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, Path::new(fields.next()?));
        let is_it = |mount: &&mountinfo::Mount| match controllers {
            "" => mount.kind == "cgroup2",
            _ => {
                mount.kind == "cgroup"
                    && mountinfo::has(controllers, "pids")
                    && mountinfo::has(&mount.system_options, "pids")
            }
        };
        let mount = mounts.iter().find(is_it)?;
        let below = path.strip_prefix(&mount.root).ok()?;
        let group: PathBuf = mount.point.join(below);
        group.ancestors().take_while(|group| group.starts_with(&mount.point)).find_map(|group| {
            let of = |file: &str| number(group.join(file).to_str()?);
            let (current, limit) = (of("pids.current")?, of("pids.max")?);
            (current >= limit).then(|| GROUP_PROCESSES.with([&quoted(group).to_string(), &limit.to_string()]))
        })
    })
}
