//! In which namespaces processes are: the links of `/proc/PID/ns`.
//!
//! Of all that `/proc` is asked for, these eight a process cost the most. Where there are many, a helper reads them
//! while we read the rest.

use crate::kind::Kind;
use common::failure::errno_of;
use common::sys::{self, wait_for};
use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// The namespaces of one process.
#[derive(Debug, Clone, Copy)]
pub struct Links {
    /// By [`Kind`]; `None` for what could not be read, or what a zombie has left.
    pub ids: [Option<u64>; Kind::COUNT],
    /// Were we allowed to read them?
    pub readable: bool,
}

/// Reads them; `None` when the process is gone.
pub fn read(pid: u32) -> Option<Links> {
    let mut links = Links { ids: [None; Kind::COUNT], readable: true };
    for kind in Kind::ALL {
        match fs::read_link(format!("/proc/{pid}/ns/{}", kind.name())).map_err(errno_of) {
            Ok(id) => links.ids[kind as usize] = number(&id.to_string_lossy()),
            // What a zombie has left, or a kind that this kernel does not have.
            Err(Errno::ENOENT) if kind != Kind::Pid => {}
            // The kernel says EACCES also of a process that has just gone.
            Err(Errno::EACCES | Errno::EPERM) if fs::exists(format!("/proc/{pid}/status")).unwrap_or(false) => {
                links.readable = false;
                break;
            }
            Err(_) => return None,
        }
    }
    Some(links)
}

/// `pid:[4026531836]` -> 4026531836
pub fn number(id: &str) -> Option<u64> {
    id.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}

/// A child that reads them.
pub struct Helper {
    child: Pid,
    answers: UnixStream,
}

/// How the child tells them: whether the process is there (1), and may not be read (2), then the numbers, 0 for none.
const WORDS: usize = 1 + Kind::COUNT;

impl Helper {
    /// Starts it, after the list of processes was made: it is not in the picture. `None` when the system is out of
    /// something; then we read them ourselves.
    pub fn start(pids: &[u32]) -> Option<Helper> {
        let (answers, mut line) = UnixStream::pair().ok()?;
        match sys::fork().ok()? {
            ForkResult::Parent { child } => Some(Helper { child, answers }),
            ForkResult::Child => {
                // In large pieces, of which the line holds many: we listen late. Nobody listens at all when we were killed.
                let piece = |pids: &[u32]| pids.iter().flat_map(|pid| encode(read(*pid))).collect::<Vec<u8>>();
                let _ = pids.chunks(256).try_for_each(|pids| line.write_all(&piece(pids)));
                sys::exit_now(0)
            }
        }
    }

    /// What it read of the next process; an outer `None` when it failed.
    pub fn next(&mut self) -> Option<Option<Links>> {
        let mut record = [0; WORDS * 8];
        self.answers.read_exact(&mut record).ok()?;
        Some(decode(&record))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It ends on its own: it has told all, or finds nobody who listens.
        let _ = self.answers.shutdown(std::net::Shutdown::Both);
        // ECHILD: our caller ignores SIGCHLD, and the kernel reaped it.
        let _ = wait_for(self.child, true);
    }
}

fn encode(links: Option<Links>) -> [u8; WORDS * 8] {
    let mut words = [0; WORDS];
    if let Some(links) = links {
        words[0] = if links.readable { 1 } else { 2 };
        words[1..].copy_from_slice(&links.ids.map(|id| id.unwrap_or(0)));
    }
    let mut record = [0; WORDS * 8];
    for (bytes, word) in record.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_ne_bytes());
    }
    record
}

fn decode(record: &[u8; WORDS * 8]) -> Option<Links> {
    let word = |index: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&record[index * 8..][..8]);
        u64::from_ne_bytes(bytes)
    };
    let ids = Kind::ALL.map(|kind| Some(word(1 + kind as usize)).filter(|id| *id != 0));
    (word(0) != 0).then_some(Links { ids, readable: word(0) == 1 })
}
