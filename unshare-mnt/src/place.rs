//! Where a DEST is: resolved by descriptor, within the new root if there is one, and made if it may be.
//!
//! Mounts are attached to the descriptor that came out, so nothing that a racing process swaps afterwards counts. What is
//! made is made by its last name in a directory that is open already, so no symlink is ever followed by it.

use crate::hint;
use crate::operation::names;
use common::failure::{Failure, OrHint, errno_of};
use common::step::{narrate, quietly, shown, step};
use common::sys::{self, Identity, MOUNT_ATTR_RDONLY, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS};
use common::text::quoted;
use nix::errno::Errno;
use nix::libc::{O_DIRECTORY, O_NOFOLLOW, O_PATH};
use nix::mount::{MntFlags, umount2};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What a missing DEST is made as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Directory,
    File,
}

/// The tree that is being built: the caller's own, or a new root.
pub struct Tree {
    root: Option<OwnedFd>,
    /// The caller's working directory, by its path: what is mounted over it counts.
    before: Option<PathBuf>,
    here: Option<OwnedFd>,
    /// The devices of the file systems that this line mounted new, and whether all that is made there goes with them.
    own: Vec<((u32, u32), bool)>,
    made: Made,
}

/// What was done, in its order. Dropped, it is undone: mounts, and the directories, files and links that were made.
#[derive(Default)]
pub struct Made(Vec<Done>);

enum Done {
    Mounted(OwnedFd),
    MadeReadOnly(OwnedFd),
    Made { parent: OwnedFd, name: OsString, is_directory: bool },
}

impl Drop for Made {
    fn drop(&mut self) {
        for done in self.0.drain(..).rev() {
            match done {
                // A mount point cannot be removed while something is mounted there, and where mounts are shared it was
                // mounted outside, too. "." is the mount's root.
                Done::Mounted(mount) => {
                    let _ = sys::change_directory(mount.as_fd()).and_then(|()| umount2(".", MntFlags::MNT_DETACH));
                }
                // What was made there before could not be removed.
                Done::MadeReadOnly(mount) => {
                    let _ = sys::mount_setattr(mount.as_fd(), false, 0, MOUNT_ATTR_RDONLY);
                }
                Done::Made { parent, name, is_directory } => {
                    let _ = sys::remove(parent.as_fd(), &name, is_directory);
                }
            }
        }
    }
}

impl Tree {
    pub fn of_the_caller(before: Option<PathBuf>) -> Self {
        Tree { root: None, before, here: None, own: Vec::new(), made: Made::default() }
    }

    /// From here on every DEST is resolved inside this mount. It is never undone: it goes with the namespace.
    pub fn replace_root(&mut self, root: OwnedFd) {
        self.root = Some(root);
        self.made.0.clear();
    }

    /// Where relative paths begin: the new root, or the directory that the caller is in, as it is seen now.
    pub fn start(&self) -> BorrowedFd<'_> {
        self.root.as_ref().or(self.here.as_ref()).map_or(sys::CWD, AsFd::as_fd)
    }

    pub fn into_made(self) -> Made {
        self.made
    }

    /// This mount is of a file system that this line made: mount points that are missing there may be made. `vanishes`:
    /// nothing of it lies on a file system of the caller's.
    pub fn own(&mut self, mount: &OwnedFd, vanishes: bool) -> Result<(), Failure> {
        self.own.push((identify(mount.as_fd())?.device, vanishes));
        Ok(())
    }

    /// If a directory is on such a file system: does it vanish?
    fn vanishes(&self, directory: &OwnedFd) -> Result<Option<bool>, Failure> {
        let device = identify(directory.as_fd())?.device;
        Ok(self.own.iter().find(|own| own.0 == device).map(|own| own.1))
    }

    fn open(&self, path: &Path) -> nix::Result<OwnedFd> {
        match &self.root {
            Some(root) => sys::openat2(root.as_fd(), path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS),
            None => sys::openat2(self.start(), path, O_PATH, 0),
        }
    }

    fn call(&self, path: &Path) -> String {
        let resolve = if self.root.is_some() { ", RESOLVE_IN_ROOT" } else { "" };
        format!("openat2({}, O_PATH{resolve})", quoted(path))
    }

    /// What is at a path.
    pub fn find(&self, path: &Path) -> Result<OwnedFd, Failure> {
        quietly(self.call(path), || self.open(path)).or_hint(|errno| hint::dest(path, errno))
    }

    /// Where to attach a mount. What is missing is made on a file system that this line mounted.
    pub fn place(&mut self, path: &Path, missing: Missing) -> Result<OwnedFd, Failure> {
        let place = match self.open(path) {
            Ok(place) => place,
            Err(Errno::ENOENT) => self.make(path, missing, false)?,
            Err(errno) => return Err(Failure::refused(self.call(path), errno).hint(hint::dest(path, errno))),
        };
        let root = match &self.root {
            Some(root) => identify(root.as_fd())?,
            None => identify(quietly("open(\"/\")", || self.open("/".as_ref()))?.as_fd())?,
        };
        if identify(place.as_fd())? == root {
            return Err(Failure::input(format_args!("{} leads to the root directory", quoted(path)))
                .hint(hint::table::DEST_IS_ROOT.with([])));
        }
        Ok(place)
    }

    /// `--dir`: a directory is there afterwards.
    pub fn make_directory(&mut self, path: &Path) -> Result<(), Failure> {
        match self.open(path) {
            Ok(there) if identify(there.as_fd())?.is_directory => Ok(()),
            Ok(_) => Err(Failure::refused(format_args!("mkdir({})", quoted(path)), Errno::EEXIST)
                .hint(hint::table::NO_DIRECTORY.with([]))),
            Err(Errno::ENOENT) => self.make(path, Missing::Directory, true).map(drop),
            Err(errno) => Err(Failure::refused(self.call(path), errno).hint(hint::dest(path, errno))),
        }
    }

    /// `--symlink`: its parent directories are made as by `--dir`.
    pub fn make_symlink(&mut self, target: &OsStr, link: &Path) -> Result<(), Failure> {
        let Some(name) = names(link).last().map(|name| name.to_os_string()).filter(|name| name != "..") else {
            return Err(Failure::input("a link needs a name"));
        };
        let directory = parent_of(link);
        self.make_directory(&directory)?;
        let parent = self.find(&directory)?;
        let call = format!("symlinkat({}, {})", quoted(target), quoted(link));
        match sys::make_symlink(target, parent.as_fd(), &name) {
            // As bubblewrap: what is there already as asked for is well.
            Err(Errno::EEXIST) if sys::read_symlink(parent.as_fd(), &name).as_deref() == Ok(target) => Ok(()),
            Err(errno) => Err(Failure::refused(call, errno).hint(match errno {
                Errno::EEXIST => hint::table::OCCUPIED.with([]).into(),
                errno => hint::make(&parent, errno),
            })),
            Ok(()) => {
                narrate(format_args!("{call} = 0"), shown(|| self.tell_made(&parent).to_owned()));
                self.remember(parent, name, false)
            }
        }
    }

    /// Makes the missing part of a path, name by name; `anywhere`, or only on file systems that this line mounted.
    fn make(&mut self, path: &Path, missing: Missing, anywhere: bool) -> Result<OwnedFd, Failure> {
        let names = names(path);
        let (mut at, first) = self.deepest(path, &names)?;
        for (index, name) in names.iter().enumerate().skip(first) {
            let call = self.call(path);
            if *name == ".." {
                return Err(
                    Failure::refused(call, Errno::ENOENT).hint(hint::missing(&first_to_make(path, &names, index)))
                );
            }
            if !anywhere && self.vanishes(&at)?.is_none() {
                return Err(
                    Failure::refused(call, Errno::ENOENT).hint(hint::missing(&first_to_make(path, &names, index)))
                );
            }
            let is_file = missing == Missing::File && index + 1 == names.len();
            let call = format!("{}({})", if is_file { "mknodat" } else { "mkdirat" }, quoted(path));
            let open_flags = O_PATH | O_NOFOLLOW | if is_file { 0 } else { O_DIRECTORY };
            step(&call, shown(|| self.tell_made(&at).to_owned()), || {
                if is_file {
                    sys::make_file(at.as_fd(), name, 0o644)
                } else {
                    sys::make_directory(at.as_fd(), name, 0o755)
                }
            })
            .or_hint(|errno| hint::make(&at, errno))?;
            let next = quietly(format_args!("openat2({})", quoted(name)), || {
                sys::openat2(at.as_fd(), name.as_ref(), open_flags, RESOLVE_NO_SYMLINKS)
            });
            self.remember(at, (*name).to_owned(), !is_file)?;
            at = next?;
        }
        Ok(at)
    }

    /// The deepest directory of a path that is there, and how many of its names lead to it.
    fn deepest(&self, path: &Path, names: &[&OsStr]) -> Result<(OwnedFd, usize), Failure> {
        let start = if self.root.is_some() || path.is_absolute() { "/" } else { "." };
        for count in (0..names.len()).rev() {
            let prefix: PathBuf = std::iter::once(OsStr::new(start)).chain(names[..count].iter().copied()).collect();
            match self.open(&prefix) {
                Ok(directory) => return Ok((directory, count)),
                Err(Errno::ENOENT) => {}
                Err(errno) => {
                    return Err(Failure::refused(self.call(&prefix), errno).hint(hint::dest(&prefix, errno)));
                }
            }
        }
        Err(Failure::refused(self.call(path), Errno::ENOENT))
    }

    /// Who sees what was made in this directory.
    fn tell_made(&self, parent: &OwnedFd) -> &'static str {
        match self.vanishes(parent) {
            Ok(Some(_)) => "made, on a file system that is in here alone",
            _ => "made, on a file system of the caller's: it is seen outside too, and stays",
        }
    }

    /// What goes by itself is not held: a long line would run out of descriptors.
    fn remember(&mut self, parent: OwnedFd, name: OsString, is_directory: bool) -> Result<(), Failure> {
        if self.vanishes(&parent)? != Some(true) {
            self.made.0.push(Done::Made { parent, name, is_directory });
        }
        Ok(())
    }

    /// Attaches a mount to what `place` is open on; a file is mounted by its own descriptor, too.
    pub fn attach(&mut self, mount: &OwnedFd, place: &OwnedFd, dest: &Path, changes: &str) -> Result<(), Failure> {
        self.attach_quietly(mount, place, dest)?;
        narrate(format_args!("move_mount({}) = 0", quoted(dest)), changes);
        Ok(())
    }

    /// The same for a part of something larger, which is narrated.
    pub fn attach_quietly(&mut self, mount: &OwnedFd, place: &OwnedFd, dest: &Path) -> Result<(), Failure> {
        // Held to be undone.
        let held = quietly("fcntl(F_DUPFD_CLOEXEC)", || mount.try_clone().map_err(errno_of))?;
        let call = shown(|| format!("move_mount({})", quoted(dest)));
        quietly(call, || sys::move_mount(mount.as_fd(), place.as_fd()))
            .or_hint(|errno| hint::attach(mount, place, errno))?;
        self.made.0.push(Done::Mounted(held));
        // A relative DEST that follows means what its name shows now, not what lies under this mount.
        if let Some(before) = &self.before {
            let call = format!("openat2({}, O_PATH | O_DIRECTORY)", quoted(before));
            self.here = quietly(call, || match sys::openat2(sys::CWD, before, O_PATH | O_DIRECTORY, 0) {
                Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::ELOOP | Errno::ENAMETOOLONG) => Ok(None),
                result => result.map(Some),
            })?;
        }
        Ok(())
    }

    /// This mount, which is the tree's, was made read-only.
    pub fn made_read_only(&mut self, mount: OwnedFd) {
        self.made.0.push(Done::MadeReadOnly(mount));
    }
}

/// What of a path, whose names are missing from `index` on, is to be made by itself: a `..` leads up only from what is
/// there.
fn first_to_make(path: &Path, names: &[&OsStr], index: usize) -> PathBuf {
    let Some(up) = names[index..].iter().position(|name| *name == "..") else { return path.to_owned() };
    let start = if path.is_absolute() { "/" } else { "" };
    std::iter::once(OsStr::new(start)).chain(names[..index + up].iter().copied()).collect()
}

fn identify(fd: BorrowedFd<'_>) -> Result<Identity, Failure> {
    sys::identify(fd).map_err(|errno| Failure::refused("statx()", errno))
}

/// The directory of a path's last name. `Path::parent` would drop a `.` too much.
fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        // A path that begins with a slash has one that is not empty.
        _ => ".".into(),
    }
}
