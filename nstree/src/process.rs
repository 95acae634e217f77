//! What `/proc` tells about the processes: proc(5).

use crate::kind::Kind;
use crate::users;
use common::failure::{Failure, errno_of};
use common::proc::field;
use nix::errno::Errno;
use nix::sys::statfs::{PROC_SUPER_MAGIC, statfs};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;

/// Nobody reads a longer command line in a tree, and a process can make its own megabytes long.
const LONGEST_COMMAND: u64 = 4096;

/// One process.
#[derive(Debug)]
pub struct Process {
    /// Its PID, as this `/proc` numbers it.
    pub pid: u32,
    /// Its parent's; 0 for one that cannot be seen from here.
    pub parent: u32,
    /// Its PID at each level, the outermost first: `pid` is the first of them.
    pub pids: Vec<u32>,
    /// The name that the kernel has for it.
    pub name: String,
    /// Its arguments; none for a kernel thread and a zombie.
    pub arguments: Vec<String>,
    /// The letter of its state, `Z` for a zombie.
    pub state: char,
    /// A thread of the kernel, not a program.
    pub kernel: bool,
    /// The effective user ID, as we see it.
    pub uid: u32,
    /// The same as its own user namespace numbers it; `None` when that could not be read.
    pub uid_inside: Option<u32>,
    /// The namespaces that it is in, by [`Kind`]; `None` for what could not be read, or what a zombie has left.
    pub namespaces: [Option<u64>; Kind::COUNT],
    /// Were we allowed to read its namespaces?
    pub readable: bool,
}

impl Process {
    /// The namespace of this kind.
    pub fn namespace(&self, kind: Kind) -> Option<u64> {
        self.namespaces[kind as usize]
    }

    /// Dead, and not yet waited for.
    pub fn zombie(&self) -> bool {
        self.state == 'Z'
    }

    /// The command line, or the name in brackets where there is none.
    pub fn command(&self) -> String {
        if self.arguments.iter().all(String::is_empty) {
            return format!("[{}]", self.name);
        }
        self.arguments.join(" ")
    }
}

/// All processes that were seen, by ascending PID.
pub struct Seen {
    /// The processes.
    pub processes: Vec<Process>,
}

impl Seen {
    /// Reads `/proc`. A process that ends meanwhile is left out.
    ///
    /// # Errors
    /// No proc(5) is mounted on `/proc`.
    pub fn read() -> Result<Self, Failure> {
        let system = statfs("/proc").map_err(|errno| Failure::refused("statfs(/proc)", errno))?;
        if system.filesystem_type() != PROC_SUPER_MAGIC {
            return Err(Failure::input("/proc: no proc file system is mounted there")
                .hint("mount one: with 'unshare-mnt --proc /proc', or 'unshare-pid --mount-proc'".to_owned()));
        }
        let entries = fs::read_dir("/proc").map_err(|error| Failure::refused("open(/proc)", errno_of(error)))?;
        let mut pids: Vec<u32> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
        pids.sort_unstable();
        let mut processes: Vec<Process> = pids.into_iter().filter_map(read).collect();
        place_unreadable(&mut processes);
        number_users_inside(&mut processes);
        Ok(Seen { processes })
    }
}

fn read(pid: u32) -> Option<Process> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let state = field(&status, "State")?.chars().next()?;
    let zombie = matches!(state, 'Z' | 'X');
    let kernel = match field(&status, "Kthread") {
        Some(answer) => answer == "1",
        // Before Linux 6.8: a thread of the kernel has no memory of its own.
        None => !zombie && field(&status, "VmSize").is_none(),
    };
    let mut process = Process {
        pid,
        parent: field(&status, "PPid")?.parse().ok()?,
        pids: field(&status, "NSpid")?.split_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
        name: unescape(field(&status, "Name").unwrap_or_default()),
        arguments: if zombie || kernel { Vec::new() } else { arguments(pid) },
        state,
        kernel,
        uid: field(&status, "Uid")?.split_whitespace().nth(1)?.parse().ok()?,
        uid_inside: None,
        namespaces: [None; Kind::COUNT],
        readable: true,
    };
    for kind in Kind::ALL {
        match fs::read_link(format!("/proc/{pid}/ns/{}", kind.name())).map_err(errno_of) {
            Ok(id) => process.namespaces[kind as usize] = number(&id.to_string_lossy()),
            // What a zombie has left, or a kind that this kernel does not have.
            Err(Errno::ENOENT) if kind != Kind::Pid => {}
            // The kernel says EACCES also of a process that has just gone.
            Err(Errno::EACCES | Errno::EPERM) if fs::exists(format!("/proc/{pid}/status")).unwrap_or(false) => {
                process.readable = false;
                break;
            }
            Err(_) => return None,
        }
    }
    Some(process)
}

/// `pid:[4026531836]` -> 4026531836
pub fn number(id: &str) -> Option<u64> {
    id.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}

/// The kernel writes a newline in a name as `\n`, and a backslash as `\\`.
fn unescape(name: &str) -> String {
    let mut out = String::new();
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(if chars.next() == Some('n') { '\n' } else { '\\' }),
            c => out.push(c),
        }
    }
    out
}

fn arguments(pid: u32) -> Vec<String> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(format!("/proc/{pid}/cmdline")) {
        let _ = file.take(LONGEST_COMMAND).read_to_end(&mut bytes);
    }
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|&b| b == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Puts a process whose namespaces we may not read into its PID namespace all the same, where the number of its PIDs
/// leaves no doubt: one PID is the namespace of this `/proc`, and as many as its parent has is its parent's.
fn place_unreadable(processes: &mut [Process]) {
    let top = processes.iter().find(|p| p.readable && p.pids.len() == 1).and_then(|p| p.namespace(Kind::Pid));
    let mut placed: HashMap<u32, (usize, Option<u64>)> = HashMap::new();
    for process in processes.iter() {
        placed.insert(process.pid, (process.pids.len(), process.namespace(Kind::Pid)));
    }
    // PIDs are used anew after a while, so a parent may stand after its child: go on until nothing is found any more.
    loop {
        let mut found = false;
        for process in processes.iter_mut().filter(|p| p.namespace(Kind::Pid).is_none()) {
            let depth = process.pids.len();
            let place = match placed.get(&process.parent) {
                _ if depth == 1 => top,
                Some((parents, place)) if *parents == depth => *place,
                _ => None,
            };
            if place.is_some() {
                process.namespaces[Kind::Pid as usize] = place;
                placed.insert(process.pid, (depth, place));
                found = true;
            }
        }
        if !found {
            return;
        }
    }
}

fn number_users_inside(processes: &mut [Process]) {
    let ours = fs::read_link("/proc/self/ns/user").ok().and_then(|id| number(&id.to_string_lossy()));
    let mut maps: HashMap<u64, Option<users::Map>> = HashMap::new();
    for process in processes {
        let Some(namespace) = process.namespace(Kind::User) else { continue };
        process.uid_inside = if Some(namespace) == ours {
            Some(process.uid)
        } else {
            // A process that is gone is no reason to give up on its namespace: the next one is asked.
            let map = maps.entry(namespace).or_insert(None);
            if map.is_none() {
                *map = users::Map::of(process.pid);
            }
            map.as_ref().map(|map| map.inside(process.uid))
        };
    }
}
