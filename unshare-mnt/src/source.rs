//! What the operations take from the caller's tree: opened when the line begins, before a mount changes what a path means.

use crate::dev;
use crate::hint;
use crate::operation::{Kind, Operation, Writes};
use crate::overlay::{Layers, Upper};
use common::failure::{Failure, OrHint, errno_of};
use common::step::quietly;
use common::sys::{self, Identity, RESOLVE_NO_MAGICLINKS};
use common::text::quoted;
use nix::errno::Errno;
use nix::libc::{O_DIRECTORY, O_PATH};
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// What one operation takes.
pub enum Source {
    Nothing,
    /// A clone of the mounts at a path.
    Tree(OwnedFd),
    /// Clones of device files, with their names.
    Devices(Vec<(&'static str, OwnedFd)>),
    Layers(Layers),
}

impl Source {
    /// Opens it.
    pub fn open(operation: &Operation) -> Result<Self, Failure> {
        Ok(match &operation.kind {
            Kind::Bind { source, .. } => Source::Tree(clone(source)?),
            Kind::Dev => {
                let device = |name| Ok((name, clone(&Path::new("/dev").join(name))?));
                Source::Devices(dev::DEVICES.into_iter().map(device).collect::<Result<_, Failure>>()?)
            }
            Kind::Overlay { layers, writes } => {
                let layers = layers.iter().map(|layer| directory(layer)).collect::<Result<_, _>>()?;
                let upper = match writes {
                    Writes::To { upper, work } => Upper::At { upper: directory(upper)?, work: directory(work)? },
                    Writes::Away => Upper::New,
                    Writes::Refused => Upper::None,
                };
                let layers = Layers { layers, upper };
                layers.check()?;
                Source::Layers(layers)
            }
            _ => Source::Nothing,
        })
    }

    /// Is what will be mounted a directory?
    pub fn is_directory(&self) -> Result<bool, Failure> {
        match self {
            Source::Tree(tree) => Ok(quietly("statx()", || sys::identify(tree.as_fd()))?.is_directory),
            _ => Ok(true),
        }
    }
}

/// A clone of the mounts at a path, attached nowhere.
fn clone(path: &Path) -> Result<OwnedFd, Failure> {
    let call = format!("open_tree({}, OPEN_TREE_CLONE | AT_RECURSIVE)", quoted(path));
    quietly(call, || match sys::clone_tree(sys::CWD, path, true) {
        Err(Errno::EINVAL) => sys::clone_tree(by_name(path, O_PATH)?.as_fd(), "".as_ref(), true),
        result => result,
    })
    .or_hint(|errno| hint::source(path, errno))
}

/// For `/proc/self/fd/N`, a descriptor that the caller opened: it is on a mount of the caller's namespace, which ours has
/// a copy of. The copy is opened by the name that the kernel knows, and must be of the very same file.
fn by_name(path: &Path, flags: i32) -> nix::Result<OwnedFd> {
    let there = sys::openat2(sys::CWD, path, flags, 0)?;
    let name = fs::read_link(format!("/proc/self/fd/{}", there.as_raw_fd())).map_err(errno_of)?;
    let (here, there) = (sys::openat2(sys::CWD, &name, flags, 0)?, sys::identify(there.as_fd())?);
    let file = |identity: Identity| (identity.device, identity.inode);
    if file(sys::identify(here.as_fd())?) == file(there) { Ok(here) } else { Err(Errno::ESTALE) }
}

fn directory(path: &Path) -> Result<OwnedFd, Failure> {
    let flags = O_PATH | O_DIRECTORY;
    let call = format!("open({}, O_PATH | O_DIRECTORY)", quoted(path));
    quietly(call, || match sys::openat2(sys::CWD, path, flags, RESOLVE_NO_MAGICLINKS) {
        // A link of /proc, or a circle, which is one again.
        Err(Errno::ELOOP) => by_name(path, flags),
        result => result,
    })
    .or_hint(|errno| hint::source(path, errno))
}
