//! The group that holds the command: made with its guard, and cleared away by it.

use crate::guard::Guard;
use crate::hint::{self, table};
use crate::place::{Place, processes};
use common::failure::{Failure, OrHint, errno_of};
use common::step::{quietly, say, step};
use common::supervise::{Aftermath, Undo};
use common::text::quoted;
use nix::unistd::{geteuid, getpid};
use std::fs;
use std::io::Stderr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A group without processes at first. Dropped, it is gone, with all that was in it.
pub struct Group {
    guard: Guard,
    /// Held to tell of a kill for want of memory, where memory is limited.
    stderr: Option<Stderr>,
}

impl Group {
    /// Makes it. `tells` asks for a line on standard error when the kernel killed in it for want of memory.
    ///
    /// # Errors
    /// The guard could not be started, or mkdir(2) was refused.
    pub fn make(place: Place, tells: bool) -> Result<Self, Failure> {
        let parent = place.parent.clone();
        let guard = Guard::post(place).or_hint(|errno| hint::make(&parent, errno))?;
        Ok(Group { guard, stderr: tells.then(std::io::stderr) })
    }

    /// The directory in which it was made.
    pub fn parent(&self) -> &Path {
        &self.guard.place().parent
    }

    /// Its directory.
    pub fn directory(&self) -> PathBuf {
        self.guard.place().directory()
    }

    /// This process and its guard.
    pub fn us(&self) -> [i32; 2] {
        [getpid().as_raw(), self.guard.pid().as_raw()]
    }

    /// Are this process and its guard all that is in the parent?
    ///
    /// # Errors
    /// Its list could not be read.
    pub fn only_us_in_parent(&self) -> Result<bool, Failure> {
        let us = self.us();
        let there = processes(self.parent())?;
        Ok(there.contains(&us[0]) && there.iter().all(|pid| us.contains(pid)))
    }

    /// Lets the guard know which controllers the parent will hand down because of us.
    ///
    /// # Errors
    /// It is gone.
    pub fn will_enable(&mut self, controllers: &[String]) -> Result<(), Failure> {
        quietly("write(guard)", || self.guard.tell(controllers))
    }

    /// Moves this process and its guard to a group of their own, beside the command's.
    ///
    /// # Errors
    /// mkdir(2) or a write was refused.
    pub fn move_to_leaf(&mut self) -> Result<(), Failure> {
        let leaf = self.guard.place().leaf();
        step(format_args!("mkdir({})", quoted(&leaf)), "a group beside the command's, for this process", || {
            fs::create_dir(&leaf).map_err(errno_of)
        })?;
        for pid in [getpid(), self.guard.pid()] {
            join(&leaf, &pid.to_string())?;
        }
        Ok(())
    }

    /// A process that joins a frozen group hangs, and the group is so from its birth where one around it is.
    ///
    /// # Errors
    /// It is frozen.
    pub fn check_thawed(&self) -> Result<(), Failure> {
        let path = self.directory().join("cgroup.events");
        let events = fs::read_to_string(&path)
            .map_err(|error| Failure::refused(format_args!("read({})", quoted(&path)), errno_of(error)))?;
        if !events.lines().any(|line| line == "frozen 1") {
            return Ok(());
        }
        let frozen = |group: &&Path| fs::read_to_string(group.join("cgroup.freeze")).is_ok_and(|text| text == "1\n");
        let around = self.parent().ancestors().find(frozen).unwrap_or(self.parent());
        Err(Failure::input(format_args!("{} is frozen, so the command could not start in it", quoted(around)))
            .hint(table::FROZEN.with([&around.display().to_string()])))
    }

    /// Tells of the processes that the kernel killed in it for want of memory.
    fn tell_of_kills(&self) {
        let directory = self.directory();
        let Ok(events) = fs::read_to_string(directory.join("memory.events")) else { return };
        let count = |name: &str| -> u64 {
            let line = events.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        let killed = count("oom_kill");
        if killed == 0 {
            return;
        }
        let processes = if killed == 1 { "process" } else { "processes" };
        let limit = fs::read_to_string(directory.join("memory.max")).unwrap_or_default();
        let limit = limit.trim_end();
        if count("oom") > 0 {
            say(format_args!(
                "out of memory: the kernel killed {killed} {processes} at the limit (memory.max is {limit})"
            ));
        } else {
            say(format_args!(
                "out of memory: the kernel killed {killed} {processes}, not at this limit (memory.max is {limit}): around it there was none left"
            ));
        }
    }
}

impl Undo for Group {
    fn commit(self) -> Option<Box<dyn Aftermath>> {
        Some(Box::new(self))
    }
}

impl Aftermath for Group {
    fn holds(&self) -> Vec<BorrowedFd<'_>> {
        self.guard.line().into_iter().chain(self.stderr.as_ref().map(AsFd::as_fd)).collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.stderr.is_some() {
            self.tell_of_kills();
        }
        // The guard does the rest when it is dropped.
    }
}

/// Moves a process, `0` for this one, into a group that we made.
///
/// # Errors
/// The write was refused; the group is not ours.
pub fn join(group: &Path, pid: &str) -> Result<(), Failure> {
    let path = group.join("cgroup.procs");
    let call = format!("write({}, {pid:?})", quoted(&path));
    let changes = if pid == "0" {
        "this process is in the group; the command will be, and all that it starts"
    } else {
        "that process is there now"
    };
    step(call, changes, || {
        fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, pid.as_bytes()))
            .map_err(errno_of)
    })
    .or_hint(hint::join)?;
    // While it was empty, somebody else who owns the parent could remove it and make another, without our limits. From
    // now on it is not empty.
    let owner = quietly(format_args!("stat({})", quoted(group)), || fs::metadata(group).map_err(errno_of))?.uid();
    if owner == geteuid().as_raw() {
        return Ok(());
    }
    let what =
        format!("{} is not the group that was made, but another one that belongs to user {owner}", quoted(group));
    let parent = group.parent().unwrap_or(group).display().to_string();
    Err(Failure::input(what).hint(table::REPLACED.with([&parent])))
}
