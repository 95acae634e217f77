//! Read-only: a whole tree of mounts, or one mount; set and verified.

use crate::hint;
use crate::place::Tree;
use common::failure::{Failure, OrHint, errno_of};
use common::mountinfo::{self, Mount};
use common::step::{quietly, step};
use common::sys::{self, MOUNT_ATTR_RDONLY};
use common::text::quoted;
use nix::errno::Errno;
use nix::libc::c_ulong;
use nix::mount::MsFlags;
use nix::sys::statvfs::FsFlags;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// Makes every mount of a tree read-only, all or none. No other attribute is touched, so those that a parent user
/// namespace locked stay.
pub fn all(mounts: &OwnedFd) -> Result<(), Failure> {
    step(
        "mount_setattr(AT_RECURSIVE, MOUNT_ATTR_RDONLY)",
        "nobody writes there through these mounts, submounts included; through the caller's own one still does",
        || sys::mount_setattr(mounts.as_fd(), true, MOUNT_ATTR_RDONLY, 0),
    )
    .or_hint(hint::read_only)
}

/// Looks whether every mount of an attached tree is read-only.
///
/// # Errors
/// One is not: the kernel did not keep its word, or mounts came in meanwhile.
pub fn verify(mounts: &OwnedFd) -> Result<(), Failure> {
    let flags = quietly("fstatfs()", || statvfs(mounts))?;
    let writable = if flags.contains(FsFlags::ST_RDONLY) {
        let top = quietly("statx()", || sys::identify(mounts.as_fd()))?.mount;
        let list = quietly("read(\"/proc/self/mountinfo\")", || {
            let mut list = Vec::new();
            // Bounded, so that no size is asked for, which a file of proc has not.
            let read = |file: File| file.take(1 << 30).read_to_end(&mut list);
            match File::open("/proc/self/mountinfo").and_then(read).map_err(errno_of) {
                // Without a /proc there is no list to look into.
                Ok(_) | Err(Errno::ENOENT) => Ok(list),
                Err(errno) => Err(errno),
            }
        })?;
        writable_below(&mountinfo::read(&list), top)
    } else {
        Some("the mount itself".to_owned())
    };
    match writable {
        None => Ok(()),
        Some(place) => Err(Failure::input(format_args!("mount_setattr() did not make {place} read-only"))),
    }
}

/// The mount point of a mount that is not read-only, among `top` and the mounts below it.
pub fn writable_below(mounts: &[Mount], top: u64) -> Option<String> {
    let mut tree = vec![top];
    // A mount may be listed before its parent: go on until nothing is found any more.
    loop {
        let size = tree.len();
        for mount in mounts {
            if tree.contains(&mount.parent) && !tree.contains(&mount.id) {
                tree.push(mount.id);
            }
        }
        if tree.len() == size {
            break;
        }
    }
    let is_writable = |mount: &&Mount| tree.contains(&mount.id) && !mountinfo::has(&mount.options, "ro");
    mounts.iter().find(is_writable).map(|mount| quoted(&mount.point).to_string())
}

/// `--remount-ro`: the mount at DEST alone.
pub fn one(tree: &mut Tree, dest: &Path) -> Result<(), Failure> {
    let mount = tree.find(dest)?;
    if !quietly("statx()", || sys::identify(mount.as_fd()))?.is_mount_root {
        return Err(Failure::input("not a mount point").hint({
            let dest = dest.display().to_string();
            hint::table::NO_MOUNT_POINT.with([&dest, &dest])
        }));
    }
    step(
        format_args!("mount_setattr({}, MOUNT_ATTR_RDONLY)", quoted(dest)),
        "nobody in here writes there through this mount; mounts below it are as they were",
        || match sys::mount_setattr(mount.as_fd(), false, MOUNT_ATTR_RDONLY, 0) {
            Err(Errno::ENOSYS) => remount(&mount),
            result => result,
        },
    )
    .or_hint(hint::read_only)?;
    tree.made_read_only(mount);
    Ok(())
}

/// Of statvfs(3); `libc` has it for no C library, and nix for one.
const ST_RELATIME: c_ulong = 4096;

/// Before Linux 5.12: mount(2) sets all attributes at once, so those that are set have to be named.
fn remount(mount: &OwnedFd) -> nix::Result<()> {
    let now = statvfs(mount)?;
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    for (set, flag) in [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::from_bits_retain(ST_RELATIME), MsFlags::MS_RELATIME),
    ] {
        flags.set(flag, now.contains(set));
    }
    let path = format!("/proc/self/fd/{}", mount.as_raw_fd());
    nix::mount::mount(None::<&str>, path.as_str(), None::<&str>, flags, None::<&str>)
}

fn statvfs(mount: &OwnedFd) -> nix::Result<FsFlags> {
    Ok(nix::sys::statvfs::fstatvfs(mount)?.flags())
}
