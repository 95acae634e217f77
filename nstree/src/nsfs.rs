//! What the kernel tells about a namespace itself: who is around it, who owns it, which files keep it.

use crate::kind::Kind;
use crate::links::number;
use common::mountinfo::{self, Mount};
use common::sys::{namespace_maker, owning_namespace, parent_namespace};
use nix::libc::O_PATH;
use nix::sys::statfs::{NSFS_MAGIC, fstatfs};
use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A namespace as its descriptor describes it, with what is around it.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its number.
    pub id: u64,
    /// The namespace around it, for a kind that nests. `None` for the outermost that can be seen.
    pub parent: Option<u64>,
    /// The user namespace that owns it.
    pub owner: Option<u64>,
    /// The user ID that made it, for a user namespace.
    pub made_by: Option<u32>,
}

/// Asks for a namespace, and all those around it: itself comes first.
pub fn relations(namespace: File, kind: Kind) -> Vec<Relation> {
    let mut relations = Vec::new();
    let mut next = Some(namespace);
    while let Some(namespace) = next {
        let Some(id) = id(&namespace) else { break };
        let fd = namespace.as_fd();
        next = if kind.nests() { parent_namespace(fd).ok().map(File::from) } else { None };
        relations.push(Relation {
            id,
            parent: next.as_ref().and_then(self::id),
            owner: owning_namespace(fd).ok().map(File::from).as_ref().and_then(self::id),
            made_by: namespace_maker(fd).ok().filter(|_| kind == Kind::User),
        });
    }
    relations
}

/// The user namespace that owns this namespace, and all those around it.
pub fn owners(namespace: &File) -> Vec<Relation> {
    owning_namespace(namespace.as_fd()).map_or_else(|_| Vec::new(), |owner| relations(owner.into(), Kind::User))
}

/// The namespace of a process, opened.
pub fn of_process(pid: u32, kind: Kind) -> Option<File> {
    File::open(format!("/proc/{pid}/ns/{}", kind.name())).ok()
}

/// The namespace that a bound file keeps, opened; `None` where something else is in front of it now.
pub fn of_file(file: &Path, wanted: u64) -> Option<File> {
    // Whatever it is by now: looked at only. To open a device may set something off, and another file system may give a
    // file any number.
    let looked = fs::OpenOptions::new().read(true).custom_flags(O_PATH).open(file).ok()?;
    let is_namespace = fstatfs(&looked).is_ok_and(|system| system.filesystem_type() == NSFS_MAGIC);
    if !is_namespace || !is(&looked, wanted) {
        return None;
    }
    File::open(format!("/proc/self/fd/{}", looked.as_raw_fd())).ok()
}

/// Is this the namespace of that number?
pub fn is(namespace: &File, wanted: u64) -> bool {
    id(namespace) == Some(wanted)
}

fn id(namespace: &File) -> Option<u64> {
    Some(namespace.metadata().ok()?.ino())
}

/// The files that keep namespaces of a kind in our mount namespace, each with the number of the namespace.
pub fn kept(kind: Kind) -> Vec<(u64, PathBuf)> {
    kept_among(mountinfo::own(), kind)
}

/// The same among these mounts.
pub fn kept_among(mounts: Vec<Mount>, kind: Kind) -> Vec<(u64, PathBuf)> {
    let id = |mount: &Mount| {
        let root = mount.root.to_str().filter(|_| mount.kind == "nsfs")?;
        if root.split(':').next() == Some(kind.name()) { number(root) } else { None }
    };
    mounts.into_iter().filter_map(|mount| Some((id(&mount)?, mount.point))).collect()
}
