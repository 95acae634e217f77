//! The cgroup v2 tree: where it is mounted, which group this process is in, which one is meant (cgroups(7)).

use crate::table;
use common::failure::{Failure, errno_of};
use common::text::quoted;
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A mount of `/proc/self/mountinfo`, as far as we ask.
pub struct Mount {
    /// Which directory of its file system it shows.
    root: PathBuf,
    /// Where.
    pub point: PathBuf,
    kind: Vec<u8>,
    options: Vec<u8>,
}

/// All mounts, in order: proc_pid_mountinfo(5).
fn mounts() -> Vec<Mount> {
    let text = fs::read("/proc/self/mountinfo").unwrap_or_default();
    text.split(|&b| b == b'\n').filter_map(mount).collect()
}

/// One line.
pub fn mount(line: &[u8]) -> Option<Mount> {
    let words: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
    let dash = words.iter().position(|word| *word == b"-")?;
    Some(Mount {
        root: unescaped(words.get(3)?),
        point: unescaped(words.get(4)?),
        kind: words.get(dash + 1)?.to_vec(),
        options: words.get(dash + 3)?.to_vec(),
    })
}

/// The kernel writes white space and backslashes as three octal digits.
fn unescaped(word: &[u8]) -> PathBuf {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail.get(..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        rest = match code {
            Some(code) if byte == b'\\' => {
                out.push(code);
                &tail[3..]
            }
            _ => {
                out.push(byte);
                tail
            }
        };
    }
    PathBuf::from(OsString::from_vec(out))
}

/// Where the v1 hierarchy with this controller is mounted.
pub fn v1_mount(controller: &str) -> Option<Mount> {
    let has = |mount: &Mount| mount.options.split(|&b| b == b',').any(|option| option == controller.as_bytes());
    mounts().into_iter().find(|mount| mount.kind == b"cgroup" && has(mount))
}

/// The group that `--parent` names, else the one that this process is in.
///
/// # Errors
/// There is no cgroup v2 tree here, or no such group in it.
pub fn parent(given: Option<&OsStr>) -> Result<PathBuf, Failure> {
    let Some(given) = given else { return own() };
    let wrong = |why: &str| Failure::input(format_args!("--parent {}: {why}", quoted(given)));
    let as_in_proc = given.as_bytes().starts_with(b"/").then(|| in_tree(Path::new(given))).flatten();
    // A directory, as the shell completes it; or a path as /proc/PID/cgroup tells it.
    let candidates = [Some(PathBuf::from(given)), as_in_proc];
    let group = candidates.into_iter().flatten().find(|path| is_group(path));
    let group = group.ok_or_else(|| wrong("not a control group (cgroup v2)").hint(table::NO_GROUP.with([])))?;
    group
        .canonicalize()
        .map_err(|error| Failure::refused(format_args!("realpath({})", quoted(&group)), errno_of(error)))
}

/// The group of this process.
fn own() -> Result<PathBuf, Failure> {
    let path = "/proc/self/cgroup";
    let text = fs::read(path).map_err(|error| {
        Failure::refused(format_args!("read({path:?})"), errno_of(error)).hint(table::NO_PROC.with([]))
    })?;
    // The v2 tree is the line with number 0.
    let group = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"0::"));
    let Some(group) = group else {
        return Err(Failure::input("this kernel has no cgroup v2, or only v1 is in use").hint(table::NO_V2.with([])));
    };
    let group = Path::new(OsStr::from_bytes(group));
    in_tree(group).ok_or_else(|| {
        let trees = mounts().iter().filter(|mount| mount.kind == b"cgroup2").count();
        let hint = if trees == 0 { table::NO_TREE.with([]) } else { table::OTHER_TREE.with([]) };
        Failure::input(format_args!("the group of this process, {}, is not found in a file system", quoted(group)))
            .hint(hint)
    })
}

/// The directory of a group that `/proc/PID/cgroup` names.
fn in_tree(group: &Path) -> Option<PathBuf> {
    // Both paths count from the root of our cgroup namespace. One outside of it begins with `/..`, and its names say nothing.
    let is_outside = |path: &Path| path.starts_with("/..");
    mounts().into_iter().filter(|mount| mount.kind == b"cgroup2" && !is_outside(&mount.root)).find_map(|mount| {
        let below = group.strip_prefix(&mount.root).ok().filter(|_| !is_outside(group))?;
        // join would add a slash for an empty path.
        let path = if below.as_os_str().is_empty() { mount.point } else { mount.point.join(below) };
        is_group(&path).then_some(path)
    })
}

/// Is this a directory of a cgroup2 file system?
fn is_group(path: &Path) -> bool {
    path.is_dir() && statfs(path).is_ok_and(|system| system.filesystem_type() == CGROUP2_SUPER_MAGIC)
}
