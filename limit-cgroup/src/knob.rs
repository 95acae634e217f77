//! The control files of a group: what to write to which, and whether the kernel took it as it was meant.

use crate::amount;
use crate::hint;
use common::failure::{Failure, OrHint, errno_of};
use common::step::{narrate, next, say, shown, step};
use common::text::quoted;
use nix::errno::Errno;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// One file and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knob {
    /// Its name in the group's directory: `memory.max`.
    pub file: String,
    value: String,
    changes: &'static str,
}

impl Knob {
    /// The file that an option stands for.
    pub fn new(file: &str, value: String, changes: &'static str) -> Self {
        Knob { file: file.to_owned(), value, changes }
    }

    /// No swap, which would only delay the limit of memory.
    pub fn no_swap() -> Self {
        Knob::new("memory.swap.max", "0".to_owned(), "no swap for the group")
    }

    /// Reads `FILE=VALUE`.
    ///
    /// # Errors
    /// No `=`, a name that is no control file's, or a file that limits nothing.
    pub fn parse(text: &OsStr) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::input(format_args!("--set {}: {why}", quoted(text)));
        let form = || wrong("expected FILE=VALUE").hint("as in --set memory.high=400M".to_owned());
        let (file, value) = text.to_str().and_then(|text| text.split_once('=')).ok_or_else(form)?;
        let is_name = |name: &str| {
            name.contains('.')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
                && !name.starts_with('.')
        };
        if !is_name(file) {
            return Err(wrong("no such control file"));
        }
        if value.is_empty() || value.contains('\0') {
            return Err(wrong("no value"));
        }
        match file {
            "cgroup.procs" | "cgroup.threads" | "cgroup.kill" => {
                Err(wrong("this file acts on processes, it limits nothing"))
            }
            "cgroup.subtree_control" if value.contains('+') => {
                Err(wrong("a group that hands controllers down can hold no processes, so no command"))
            }
            // A process that joins a frozen group never comes to execute its command.
            "cgroup.freeze" if value.trim() != "0" => Err(wrong("the command could not start in a frozen group")),
            _ => Ok(Knob {
                file: file.to_owned(),
                value: value.to_owned(),
                changes: "this holds for the group, and for all groups below it",
            }),
        }
    }

    /// The controller that has to be there for this file; none for those that every group has.
    pub fn controller(&self) -> Option<&str> {
        let (controller, rest) = self.file.split_once('.')?;
        // Pressure and CPU time are counted for every group.
        (controller != "cgroup" && rest != "pressure").then_some(controller)
    }

    /// Writes the value, and reads it back. What the kernel made of it is said where it differs.
    ///
    /// # Errors
    /// The write was refused.
    pub fn set(&self, group: &Path) -> Result<(), Failure> {
        let path = group.join(&self.file);
        if *self == Knob::no_swap() && !path.exists() && !swaps() {
            next("no limit of swap, since this kernel counts none and none is in use");
            return Ok(());
        }
        next(format_args!("{} of the group is to be {:?}", self.file, self.value));
        let call = shown(|| format!("write({}, {:?})", quoted(&path), self.value));
        step(call, self.changes, || {
            let mut file = fs::OpenOptions::new().write(true).open(&path).map_err(errno_of)?;
            // One write: the kernel takes a value whole or refuses it.
            file.write_all(self.value.as_bytes()).map_err(errno_of)
        })
        .or_hint(|errno| hint::set(group, &self.file, errno))?;
        let read = match fs::read_to_string(&path) {
            Ok(read) => read,
            Err(error) => match errno_of(error) {
                // Some files are for writing alone.
                Errno::EACCES => return Ok(()),
                errno => return Err(Failure::refused(format_args!("read({})", quoted(&path)), errno)),
            },
        };
        let read = read.trim_end();
        narrate(format_args!("read({}) = {read:?}", quoted(&path)), "what the kernel made of it");
        if !agrees(&self.value, read) {
            say(format_args!("{}: {:?} was asked for, the kernel set {read:?}", self.file, self.value));
        }
        Ok(())
    }
}

/// Is there any swap? The first line of `/proc/swaps` is a heading.
fn swaps() -> bool {
    fs::read_to_string("/proc/swaps").is_ok_and(|text| text.lines().count() > 1)
}

/// Is what was written found in what is read? The kernel adds to it (`50000` reads `50000 100000`) and counts in bytes.
fn agrees(written: &str, read: &str) -> bool {
    let same = |a: &str, b: &str| {
        a == b
            || amount::bytes(a).is_some_and(|size| amount::bytes(b) == Some(size))
            || numbers(a).is_some_and(|list| numbers(b) == Some(list))
    };
    let holds = |line: &str, word: &str| line.split_whitespace().any(|there| same(word, there));
    written.lines().all(|wanted| read.lines().any(|line| wanted.split_whitespace().all(|word| holds(line, word))))
}

/// A list of CPUs or memory nodes, which the kernel writes as ranges: `0,1` reads `0-1`.
fn numbers(list: &str) -> Option<BTreeSet<u16>> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    Some(list.split(',').map(range).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
}

/// `--name NAME`: one directory's name.
///
/// # Errors
/// Empty, with a `/`, or `.` or `..`.
pub fn check_name(name: &OsStr) -> Result<(), Failure> {
    let bytes = name.as_bytes();
    let why = match bytes {
        b"" => "the name is empty",
        b"." | b".." => "no name for a group",
        _ if bytes.contains(&b'/') => "a name has no '/': --parent says where the group is made",
        _ if bytes.contains(&b'\n') => "a name has no newline",
        _ if bytes.len() > 255 => "the name has more than 255 bytes",
        _ => return Ok(()),
    };
    Err(Failure::input(format_args!("--name {}: {why}", quoted(name))))
}
