//! The new root becomes `/`, and the working directory is put where it belongs.

use crate::hint;
use common::failure::{Failure, OrHint};
use common::step::{next, quietly, step};
use common::sys;
use common::text::quoted;
use nix::errno::Errno;
use nix::mount::{MntFlags, umount2};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// Makes the mount that `root` is the root of this process's root directory; the old root is gone.
pub fn to(root: BorrowedFd<'_>) -> Result<(), Failure> {
    quietly("fchdir(new root)", || sys::change_directory(root))?;
    next("the new root is to be /, and the old one is to go");
    step(
        "pivot_root(\".\", \".\")",
        "the new root is / for whoever is in here, and the old one lies over it",
        sys::pivot_root_here,
    )
    .or_hint(hint::pivot)?;
    step("umount2(\".\", MNT_DETACH)", "the old root is gone from here: no path leads back to it", || {
        umount2(".", MntFlags::MNT_DETACH)
    })
}

/// Changes to `wanted`, which is taken from `start` where it is relative, else to where the caller was (`before`), else to `/`.
/// By path, so that the command sees what is mounted there now. In a new root no symlink and no link of `/proc` leads outside.
pub fn change_directory(
    start: BorrowedFd<'_>,
    is_new: bool,
    wanted: Option<PathBuf>,
    before: Option<PathBuf>,
) -> Result<(), Failure> {
    let change = |path: &Path| {
        let flags = nix::libc::O_PATH | nix::libc::O_DIRECTORY;
        let resolve = if is_new { sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_MAGICLINKS } else { 0 };
        let directory = sys::openat2(start, path, flags, resolve)?;
        sys::change_directory(directory.as_fd())
    };
    if let Some(path) = wanted {
        let call = format!("--chdir {}: fchdir(openat2({0}))", quoted(&path));
        return step(call, "the command starts there", || change(&path)).or_hint(hint::chdir);
    }
    let Some(path) = before else {
        return if is_new {
            step("chdir(\"/\")", "the working directory is not in this root", || change("/".as_ref()))
        } else {
            Ok(())
        };
    };
    match change(&path) {
        Ok(()) => Ok(()),
        // Held open by the caller, but not to be reached by its path: it is still where it was.
        Err(Errno::EACCES | Errno::ENAMETOOLONG) if !is_new => Ok(()),
        // Another file has its place, or a link in a circle, or what this user may not enter.
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::ELOOP | Errno::ENAMETOOLONG) => {
            step("chdir(\"/\")", "the working directory does not exist inside", || change("/".as_ref()))
        }
        Err(errno) => Err(Failure::refused(format_args!("fchdir(openat2({}))", quoted(&path)), errno)),
    }
}
