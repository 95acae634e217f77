//! What `/proc` tells about the processes: proc(5).

use crate::kind::Kind;
use crate::links::{self, Helper, Links, number};
use crate::users;
use common::failure::{Failure, errno_of};
use common::proc::field;
use nix::sys::statfs::{PROC_SUPER_MAGIC, statfs};
use std::fs::{self, File};
use std::io::Read;

/// Nobody reads a longer command line in a tree, and a process can make its own megabytes long.
const LONGEST_COMMAND: u64 = 4096;

/// With so few processes a helper is not worth its start.
const FEW: usize = 64;

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
        let mut pids: Vec<u32> = Vec::new();
        for pid in entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()) {
            // The kernel lists them in this order already, so this is a push.
            pids.insert(pids.partition_point(|other| *other < pid), pid);
        }
        let mut buffer = Vec::with_capacity(8192);
        let mut helper = if pids.len() > FEW { Helper::start(&pids) } else { None };
        let read: Vec<Option<Process>> = pids.iter().map(|pid| read(*pid, &mut buffer)).collect();
        let mut processes = Vec::with_capacity(pids.len());
        for (pid, process) in pids.into_iter().zip(read) {
            let told = helper.as_mut().and_then(Helper::next);
            let links = told.unwrap_or_else(|| links::read(pid));
            if let (Some(process), Some(Links { ids: namespaces, readable })) = (process, links) {
                processes.push(Process { namespaces, readable, ..process });
            }
        }
        drop(helper);
        place_unreadable(&mut processes);
        number_users_inside(&mut processes);
        Ok(Seen { processes })
    }
}

/// A file of `/proc`, or what of it comes before `limit`, in a buffer that serves again and again.
fn slurp<'a>(path: &str, limit: u64, buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    buffer.clear();
    File::open(path).ok()?.take(limit).read_to_end(buffer).ok()?;
    Some(buffer)
}

fn read(pid: u32, buffer: &mut Vec<u8>) -> Option<Process> {
    let status = String::from_utf8_lossy(slurp(&format!("/proc/{pid}/status"), u64::MAX, buffer)?).into_owned();
    let process = of_status(pid, &status)?;
    let arguments = if process.zombie() || process.kernel { Vec::new() } else { arguments(pid, buffer) };
    Some(Process { arguments, ..process })
}

/// What its `status` tells of a process: proc_pid_status(5).
pub fn of_status(pid: u32, status: &str) -> Option<Process> {
    let state = field(status, "State")?.chars().next()?;
    let zombie = matches!(state, 'Z' | 'X');
    let kernel = match field(status, "Kthread") {
        Some(answer) => answer == "1",
        // Before Linux 6.8: a thread of the kernel has no memory of its own.
        None => !zombie && field(status, "VmSize").is_none(),
    };
    Some(Process {
        pid,
        parent: field(status, "PPid")?.parse().ok()?,
        pids: field(status, "NSpid")?.split_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
        name: unescape(field(status, "Name").unwrap_or_default()),
        arguments: Vec::new(),
        state,
        kernel,
        uid: field(status, "Uid")?.split_whitespace().nth(1)?.parse().ok()?,
        uid_inside: None,
        namespaces: [None; Kind::COUNT],
        readable: true,
    })
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

fn arguments(pid: u32, buffer: &mut Vec<u8>) -> Vec<String> {
    let bytes = slurp(&format!("/proc/{pid}/cmdline"), LONGEST_COMMAND, buffer).unwrap_or_default();
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|&b| b == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Where a PID stands among processes in ascending order.
pub fn place(processes: &[Process], pid: u32) -> Option<usize> {
    processes.binary_search_by_key(&pid, |process| process.pid).ok()
}

/// Puts a process whose namespaces we may not read into its PID namespace all the same, where the number of its PIDs
/// leaves no doubt: one PID is the namespace of this `/proc`, and as many as its parent has is its parent's.
fn place_unreadable(processes: &mut [Process]) {
    let top = processes.iter().find(|p| p.readable && p.pids.len() == 1).and_then(|p| p.namespace(Kind::Pid));
    // PIDs are used anew after a while, so a parent may stand after its child: go on until nothing is found any more.
    loop {
        let mut found = false;
        for index in 0..processes.len() {
            let process = &processes[index];
            if process.namespace(Kind::Pid).is_some() {
                continue;
            }
            let parent = place(processes, process.parent).map(|parent| &processes[parent]);
            let namespace = match process.pids.len() {
                1 => top,
                depth => parent.filter(|p| p.pids.len() == depth).and_then(|p| p.namespace(Kind::Pid)),
            };
            processes[index].namespaces[Kind::Pid as usize] = namespace;
            found |= namespace.is_some();
        }
        if !found {
            return;
        }
    }
}

fn number_users_inside(processes: &mut [Process]) {
    let ours = fs::read_link("/proc/self/ns/user").ok().and_then(|id| number(&id.to_string_lossy()));
    let mut maps: Vec<(u64, users::Map)> = Vec::new();
    for process in processes {
        let Some(namespace) = process.namespace(Kind::User) else { continue };
        process.uid_inside = if Some(namespace) == ours {
            Some(process.uid)
        } else {
            let known = maps.iter().position(|(id, _)| *id == namespace);
            let at = known.or_else(|| {
                maps.push((namespace, users::Map::of(process.pid)?));
                Some(maps.len() - 1)
            });
            at.map(|at| maps[at].1.inside(process.uid))
        };
    }
}
