//! `--overlay`, `--tmp-overlay`, `--ro-overlay`: overlayfs.
//!
//! The layers are handed over as descriptors (Linux 6.13), or else as `/proc/self/fd/N`, so that no name needs an escape
//! for `:` and `,`, and none is resolved twice.

use crate::filesystem;
use crate::hint::{self, Call};
use crate::operation::Filesystem;
use crate::place::Tree;
use common::failure::{Failure, errno_of};
use common::namespace::USER;
use common::step::quietly;
use common::sys::{self, Identity, MOUNT_ATTR_RDONLY};
use nix::errno::Errno;
use nix::libc::{O_DIRECTORY, O_PATH};
use std::ffi::CStr;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// The layers of one overlay, open. The last one lies on top.
pub struct Layers {
    pub layers: Vec<OwnedFd>,
    pub upper: Upper,
}

/// What takes the writes.
pub enum Upper {
    At { upper: OwnedFd, work: OwnedFd },
    New,
    None,
}

impl Layers {
    /// Checks what the kernel would refuse with no more than EINVAL.
    ///
    /// # Errors
    /// RWSRC and WORKDIR on two mounts, the same directory, or one within the other; a directory that cannot be looked at.
    pub fn check(&self) -> Result<(), Failure> {
        if let Upper::At { upper: upper_fd, work: work_fd } = &self.upper {
            let look = |fd: &OwnedFd| quietly("statx()", || sys::identify(fd.as_fd()));
            let (upper, work) = (look(upper_fd)?, look(work_fd)?);
            if upper == work {
                return Err(Failure::input("RWSRC and WORKDIR are the same directory"));
            }
            if is_within(work_fd, upper)? {
                return Err(Failure::input("WORKDIR lies within RWSRC"));
            }
            if is_within(upper_fd, work)? {
                return Err(Failure::input("RWSRC lies within WORKDIR"));
            }
            if upper.mount != work.mount {
                return Err(
                    Failure::input("RWSRC and WORKDIR lie on two mounts").hint(hint::table::TWO_MOUNTS.with([]))
                );
            }
        }
        Ok(())
    }
}

/// Does a directory lie somewhere below another?
fn is_within(directory: &OwnedFd, above: Identity) -> Result<bool, Failure> {
    let up = |fd: BorrowedFd<'_>| match sys::openat2(fd, "..".as_ref(), O_PATH, 0) {
        // The caller may be within what it may not enter: the kernel has the last word on the two.
        Err(Errno::EACCES) => Ok(None),
        result => result.map(Some),
    };
    let look_up = |fd: BorrowedFd<'_>| quietly("open(\"..\", O_PATH)", || up(fd));
    let mut at = look_up(directory.as_fd())?;
    let mut last = None;
    while let Some(fd) = at {
        let here = quietly("statx(\"..\")", || sys::identify(fd.as_fd()))?;
        // The root is its own parent.
        if here == above || last == Some(here) {
            return Ok(here == above);
        }
        last = Some(here);
        at = look_up(fd.as_fd())?;
    }
    Ok(false)
}

/// Makes the overlay and attaches it. Gives its root.
pub fn make(layers: &Layers, place: &OwnedFd, dest: &Path, tree: &mut Tree) -> Result<OwnedFd, Failure> {
    let changes = "the layers are seen there as one tree, by whoever is in here";
    let lower = &layers.layers[..];
    let overlay = match &layers.upper {
        Upper::None => new(lower, None).map_err(explained(lower, None))?,
        Upper::At { upper, work } => new(lower, Some((upper, work))).map_err(explained(lower, Some(upper)))?,
        Upper::New => {
            let memory = filesystem::make(Filesystem::Tmpfs)?;
            let (upper, work) = parts(&memory, lower)?;
            match new(lower, Some((&upper, &work))) {
                // Before Linux 6.15 a layer must lie on an attached mount: so it does, with the overlay over it.
                Err((refused, Call::Create)) if refused.errno == Some(Errno::EINVAL) => {
                    tree.attach(&memory, place, dest, "memory for the writes")?;
                    let overlay = new(lower, Some((&upper, &work))).map_err(explained(lower, Some(&upper)))?;
                    tree.attach(&overlay, &memory, dest, changes)?;
                    tree.own(&overlay, true)?;
                    return Ok(overlay);
                }
                overlay => overlay.map_err(explained(lower, Some(&upper)))?,
            }
        }
    };
    tree.attach(&overlay, place, dest, changes)?;
    tree.own(&overlay, !matches!(layers.upper, Upper::At { .. }))?;
    Ok(overlay)
}

/// Two directories in memory: one for what is written, with the mode of the topmost layer, since it is what one sees.
fn parts(memory: &OwnedFd, layers: &[OwnedFd]) -> Result<(OwnedFd, OwnedFd), Failure> {
    let top = layers.last().map(|top| sys::identify(top.as_fd())).transpose();
    let mode = quietly("statx()", || top)?.map_or(0o755, |top| top.mode);
    let make = |name: &str, mode| {
        quietly(format_args!("mkdirat({name:?})"), || {
            sys::make_directory(memory.as_fd(), name.as_ref(), mode)?;
            sys::openat2(memory.as_fd(), name.as_ref(), O_PATH | O_DIRECTORY, 0)
        })
    };
    Ok((make("upper", mode)?, make("work", 0o755)?))
}

fn new(layers: &[OwnedFd], upper: Option<(&OwnedFd, &OwnedFd)>) -> Result<OwnedFd, (Failure, Call)> {
    let attributes = if upper.is_none() { MOUNT_ATTR_RDONLY } else { 0 };
    filesystem::new(c"overlay", attributes, |context| {
        // In a user namespace the overlay's notes go to user.* attributes: trusted.* ones take real root.
        if !in_first_user_namespace()? {
            quietly("fsconfig(userxattr)", || sys::fsconfig_flag(context, c"userxattr"))?;
        }
        lower(context, layers)?;
        if let Some((upper, work)) = upper {
            layer(context, c"upperdir", upper)?;
            layer(context, c"workdir", work)?;
        }
        Ok(())
    })
}

/// Why it was refused: looked for only when that is the end of the line.
fn explained<'a>(layers: &'a [OwnedFd], upper: Option<&'a OwnedFd>) -> impl Fn((Failure, Call)) -> Failure + 'a {
    move |(failure, _)| {
        let hint = failure.errno.and_then(|errno| hint::overlay(layers, upper, errno));
        failure.hint(hint)
    }
}

/// The layers from the top down, as overlayfs wants them.
fn lower(context: BorrowedFd<'_>, layers: &[OwnedFd]) -> Result<(), Failure> {
    let by_descriptor =
        layers.iter().rev().try_for_each(|layer| sys::fsconfig_fd(context, c"lowerdir+", layer.as_fd()));
    if by_descriptor.is_ok() {
        return Ok(());
    }
    let names: Vec<String> = layers.iter().rev().map(name).collect();
    filesystem::option(context, c"lowerdir", &names.join(":"))
}

fn layer(context: BorrowedFd<'_>, key: &CStr, directory: &OwnedFd) -> Result<(), Failure> {
    if sys::fsconfig_fd(context, key, directory.as_fd()).is_ok() {
        return Ok(());
    }
    filesystem::option(context, key, &name(directory))
}

fn name(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// Are we in the user namespace that the machine started with?
fn in_first_user_namespace() -> Result<bool, Failure> {
    let path = USER.path();
    let id = quietly(format_args!("readlink({path})"), || match fs::read_link(&path).map_err(errno_of) {
        // Without a /proc it can't be known: the notes that work everywhere.
        Err(Errno::ENOENT) => Ok(None),
        result => result.map(Some),
    })?;
    Ok(id.is_some_and(|id| id.as_os_str() == "user:[4026531837]"))
}
