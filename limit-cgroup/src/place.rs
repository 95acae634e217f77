//! The group's place in the tree: how it is made, and how it is cleared away with all that is left in it.
//!
//! Everything goes by names relative to the parent's directory, which is the guard's working directory: whatever is
//! mounted over the tree later, it finds its way.

use common::failure::{Failure, errno_of};
use common::sys::{change_directory, kill};
use common::text::quoted;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::libc::SIGKILL;
use nix::unistd::{chdir, getpid};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, DirEntry, File};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// The names of what is made.
#[derive(Debug, Clone)]
pub struct Place {
    /// The directory of the group in which it is made.
    pub parent: PathBuf,
    name: OsString,
    /// Where this process goes when it must leave the parent.
    leaf: String,
    /// The controllers that the parent hands down because we had it do so.
    pub enabled: Vec<String>,
    /// Is it ours to remove?
    pub made: bool,
}

impl Place {
    /// In `parent`, under a name that nobody else has, or the one that was asked for.
    pub fn new(parent: PathBuf, name: Option<OsString>) -> Self {
        // PIDs repeat in PID namespaces, which may share a parent.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let unique = format!("{}-{:08x}", getpid(), now.subsec_nanos());
        let name = name.unwrap_or_else(|| format!("limit-{unique}").into());
        Place { parent, name, leaf: format!("leaf-{unique}"), enabled: Vec::new(), made: false }
    }

    /// The group's directory.
    pub fn directory(&self) -> PathBuf {
        self.parent.join(&self.name)
    }

    /// The leaf's directory.
    pub fn leaf(&self) -> PathBuf {
        self.parent.join(&self.leaf)
    }

    /// Makes the group; the parent becomes the working directory. Gives a lock on it, which says that somebody relies on
    /// what the parent hands down.
    ///
    /// # Errors
    /// chdir(2) or mkdir(2) was refused.
    pub fn make(&self) -> nix::Result<Option<Flock<File>>> {
        std::env::set_current_dir(&self.parent).map_err(errno_of)?;
        DirBuilder::new().create(&self.name).map_err(errno_of)?;
        // Another guard holds the other lock for a moment only. Whoever else holds it keeps all guards from it, and so
        // does us no harm.
        let end = Instant::now() + Duration::from_secs(1);
        let mut lock = None;
        let _ = until(end, || {
            lock = Some(lock_parent(FlockArg::LockSharedNonblock)?);
            Ok(())
        });
        Ok(lock)
    }

    /// Is something of it left, in the working directory?
    pub fn is_there(&self) -> bool {
        Path::new(&self.name).exists() || Path::new(&self.leaf).exists()
    }

    /// Has the parent hand nothing more down than it did before, unless somebody may rely on it.
    fn take_back(&self) {
        if self.enabled.is_empty() {
            return;
        }
        let Ok(_lock) = lock_parent(FlockArg::LockExclusiveNonblock) else { return };
        if groups_here().iter().all(|group| *group == *self.leaf) {
            let value = self.enabled.iter().map(|name| format!("-{name}")).collect::<Vec<_>>().join(" ");
            let _ = fs::write("cgroup.subtree_control", value);
        }
    }

    /// Kills all that is left in the group, the groups below it included, and removes them: in the working directory.
    ///
    /// # Errors
    /// What is still in the way after `patience`.
    pub fn clear(&self, patience: Duration) -> nix::Result<()> {
        let end = Instant::now() + patience;
        until(end, || {
            end_all(Path::new(&self.name));
            remove(Path::new(&self.name))
        })?;
        self.take_back();
        let leaf = Path::new(&self.leaf);
        if !leaf.exists() {
            return Ok(());
        }
        // The parent can hold processes again.
        until(end, || {
            for pid in processes(leaf).unwrap_or_default() {
                let _ = fs::write("cgroup.procs", pid.to_string());
            }
            remove(leaf)
        })
    }
}

/// Locks the working directory against other guards: flock(2).
fn lock_parent(how: FlockArg) -> nix::Result<Flock<File>> {
    Flock::lock(File::open(".").map_err(errno_of)?, how).map_err(|(_, errno)| errno)
}

/// Repeats what takes the kernel a moment.
fn until(end: Instant, mut perform: impl FnMut() -> nix::Result<()>) -> nix::Result<()> {
    let mut pause = Duration::from_micros(200);
    loop {
        match perform() {
            Ok(()) => return Ok(()),
            Err(errno) if Instant::now() > end => return Err(errno),
            Err(_) => sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Kills every process of a group and of those below it.
fn end_all(group: &Path) {
    // Linux 5.14.
    if fs::write(group.join("cgroup.kill"), "1").is_ok() {
        return;
    }
    // Frozen, none of them can fork; to be killed is allowed to them.
    let _ = fs::write(group.join("cgroup.freeze"), "1");
    let kill_here = || {
        // Another PID namespace's process outside of ours reads as 0: nobody can kill that by number.
        for pid in processes(Path::new(".")).unwrap_or_default().into_iter().filter(|&pid| pid > 0) {
            let _ = kill(pid, SIGKILL);
        }
    };
    let _ = walk(group, kill_here, |_| Ok(()));
}

/// Removes a group and those below it. One that is not there is removed.
fn remove(group: &Path) -> nix::Result<()> {
    walk(
        group,
        || (),
        |name| match fs::remove_dir(name) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(errno_of(error)),
            _ => Ok(()),
        },
    )
}

/// Goes through a group and all below it, the deepest first: `inside` has each as working directory, `outside` the one
/// around it and the name. Name by name: a command can make a tree so deep that no path is long enough to name it.
fn walk(group: &Path, mut inside: impl FnMut(), outside: impl Fn(&Path) -> nix::Result<()>) -> nix::Result<()> {
    let home = File::open(".").map_err(errno_of)?;
    let mut enter = |name: &Path| match chdir(name) {
        Ok(()) => {
            inside();
            Ok(Some((name.to_owned(), groups_here())))
        }
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    };
    let mut go = || {
        // From the group down to where we are, each with what is still to be entered there.
        let mut way = Vec::from_iter(enter(group)?);
        while let Some((_, groups)) = way.last_mut() {
            if let Some(next) = groups.pop() {
                way.extend(enter(Path::new(&next))?);
            } else if let Some((name, _)) = way.pop() {
                chdir("..")?;
                outside(&name)?;
            }
        }
        Ok(())
    };
    let result = go();
    change_directory(home.as_fd())?;
    result
}

/// The names of the groups in the working directory.
fn groups_here() -> Vec<OsString> {
    let is_group = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let entries = fs::read_dir(".").into_iter().flatten().flatten();
    entries.filter(is_group).map(|entry| entry.file_name()).collect()
}

/// The processes of one group.
///
/// # Errors
/// Its list could not be read.
pub fn processes(group: &Path) -> Result<Vec<i32>, Failure> {
    let path = group.join("cgroup.procs");
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::refused(format_args!("read({})", quoted(&path)), errno_of(error)))?;
    Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
}
