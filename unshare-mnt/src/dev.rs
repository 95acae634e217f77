//! `--dev`: a minimal `/dev`, as bubblewrap makes it.
//!
//! The device files are the caller's own, bound: mknod(2) takes real root.

use crate::filesystem;
use crate::operation::Filesystem;
use crate::place::Tree;
use common::failure::Failure;
use common::step::quietly;
use common::sys::{self, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID};
use nix::libc::{O_DIRECTORY, O_NOFOLLOW, O_PATH};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// What is bound from the caller's.
pub const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const LINKS: [(&str, &str); 6] = [
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("/proc/kcore", "core"),
    ("pts/ptmx", "ptmx"),
];

/// Makes it and attaches it. Gives its root.
pub fn make(
    devices: Vec<(&'static str, OwnedFd)>,
    place: &OwnedFd,
    dest: &Path,
    tree: &mut Tree,
) -> Result<OwnedFd, Failure> {
    let dev = filesystem::make(Filesystem::Tmpfs)?;
    tree.attach(
        &dev,
        place,
        dest,
        "a /dev in memory, with null, zero, full, random, urandom and tty, and no other device",
    )?;
    tree.own(&dev, true)?;
    for (name, device) in devices {
        let made = quietly(format_args!("mknodat({name:?})"), || {
            sys::make_file(dev.as_fd(), name.as_ref(), 0o644)?;
            sys::openat2(dev.as_fd(), name.as_ref(), O_PATH | O_NOFOLLOW, 0)
        })?;
        tree.attach_quietly(&device, &made, &dest.join(name))?;
    }
    for (target, name) in LINKS {
        quietly(format_args!("symlinkat({target:?}, {name:?})"), || {
            sys::make_symlink(target.as_ref(), dev.as_fd(), name.as_ref())
        })?;
    }
    directory(&dev, "shm", 0o1777)?;
    let pts = directory(&dev, "pts", 0o755)?;
    let terminals = filesystem::new(c"devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, |context| {
        filesystem::option(context, c"ptmxmode", "0666")?;
        filesystem::option(context, c"mode", "0620")
    })
    .map_err(|(failure, _)| failure)?;
    tree.attach(&terminals, &pts, &dest.join("pts"), "pseudoterminals of its own; the caller's are not seen in here")?;
    Ok(dev)
}

fn directory(dev: &OwnedFd, name: &str, mode: u32) -> Result<OwnedFd, Failure> {
    quietly(format_args!("mkdirat({name:?})"), || {
        sys::make_directory(dev.as_fd(), name.as_ref(), mode)?;
        sys::openat2(dev.as_fd(), name.as_ref(), O_PATH | O_DIRECTORY | O_NOFOLLOW, 0)
    })
}
