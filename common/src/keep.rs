//! `--keep FILE`: bind a namespace to a file, so that it outlives the command (namespaces(7)).
//!
//! The bind is made in the caller's mount namespace. After unshare(CLONE_NEWUSER) we have no right there any more, and
//! from inside a new mount namespace it would bind in the wrong place: for those two a helper that stayed outside does
//! it ([`crate::outside`]).

use crate::failure::{Failure, OrHint, errno_of};
use crate::hint;
use crate::namespace::{MNT, NET, Namespace, USER};
use crate::outside::{Job, Outside};
use crate::proc::NOT_OF_PROC;
use crate::step::{next, quietly, shown, step};
use crate::sys;
use crate::text::quoted;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::libc::{O_NOCTTY, O_NONBLOCK};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, unshare};
use nix::sys::statfs::{NSFS_MAGIC, statfs};
use nix::unistd::Pid;
use std::fs::{self, DirBuilder, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A file that a namespace will be bound to. Dropped, it is as it was before.
pub struct Keep {
    namespace: &'static Namespace,
    place: Place,
    outside: Option<Outside>,
    /// Held until the file is occupied, so that a second tool cannot bind on top of it.
    lock: Option<Flock<File>>,
    bound: bool,
}

/// The file, and what of it we made.
#[derive(Clone)]
struct Place {
    file: PathBuf,
    /// The file itself: by its name somebody who may write to its directory could have put another in its place meanwhile.
    opened: Rc<File>,
    made_file: bool,
    made_directory: Option<PathBuf>,
}

impl Keep {
    /// Makes FILE where it is missing, refuses one that is in use, and forks the helper where one is needed. Before
    /// unshare(2).
    ///
    /// # Errors
    /// FILE cannot be made, or is occupied.
    pub fn prepare(file: &Path, namespace: &'static Namespace) -> Result<Self, Failure> {
        let (place, lock) = Place::prepare(file, namespace)?;
        let mut keep = Keep { namespace, place, outside: None, lock, bound: false };
        if *namespace == USER || *namespace == MNT {
            keep.outside = Some(Outside::fork(Bind { namespace, place: keep.place.clone() })?);
        }
        Ok(keep)
    }

    /// Binds the namespace. After unshare(2); for a PID namespace after its first process was forked.
    ///
    /// # Errors
    /// The mount was refused.
    pub fn bind(&mut self) -> Result<(), Failure> {
        let (namespace, file) = (self.namespace, &self.place.file);
        next(format_args!("the namespace is to have a name, {}", quoted(file)));
        let call = shown(|| format!("mount({}, {}, MS_BIND)", namespace.path(), quoted(file)));
        let changes = "it stays when the command ends, for 'nsenter' to enter, until 'umount' of that file";
        step(call, changes, || match &mut self.outside {
            Some(outside) => match outside.perform() {
                Err(Errno::EINVAL) if *namespace == MNT => bind_younger(outside),
                result => result,
            },
            None => self.place.bind(&namespace.path()),
        })
        .or_hint(|errno| hint::keep(namespace, file, errno))?;
        self.bound = true;
        self.lock = None;
        Ok(())
    }

    /// The command will run: the file stays bound. The helper is reaped.
    ///
    /// # Errors
    /// The helper could not be told to leave all as it is.
    pub fn commit(mut self) -> Result<(), Failure> {
        if let Some(outside) = self.outside.take() {
            outside.leave()?;
        }
        std::mem::forget(self);
        Ok(())
    }

    /// Does a failed execution find no way back to the file? Then the command must be checked before it is executed.
    pub fn is_final(&self) -> bool {
        self.outside.is_some()
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        // The helper, if there is one, undoes what it did when it is dropped.
        if self.outside.take().is_none() && self.bound {
            self.place.release();
        }
        self.place.remove();
    }
}

impl Place {
    fn prepare(file: &Path, namespace: &Namespace) -> Result<(Self, Option<Flock<File>>), Failure> {
        // As ip-netns(8) does: its directory is not there before the first use. Nobody else may write to it.
        let parent = file.parent().filter(|parent| *namespace == NET && *parent == Path::new("/run/netns"));
        let made_directory =
            parent.filter(|parent| DirBuilder::new().mode(0o755).create(parent).is_ok()).map(Path::to_owned);
        let failed = |call: &str, errno| {
            if let Some(directory) = &made_directory {
                let _ = fs::remove_dir(directory);
            }
            Err(Failure::refused(call, errno).hint(hint::keep_file(file, errno)))
        };
        let call = format!("open({}, O_CREAT)", quoted(file));
        let (opened, made_file) =
            match fs::OpenOptions::new().write(true).create_new(true).mode(0o444).open(file).map_err(errno_of) {
                Ok(made) => (made, true),
                Err(Errno::EEXIST) => {
                    refuse_occupied(file, file)?;
                    // Whatever it is by now, opening it must not wait for anybody.
                    let flags = O_NONBLOCK | O_NOCTTY;
                    match fs::OpenOptions::new().read(true).custom_flags(flags).open(file).map_err(errno_of) {
                        Ok(there) => (there, false),
                        Err(errno) => return failed(&format!("open({})", quoted(file)), errno),
                    }
                }
                Err(errno) => return failed(&call, errno),
            };
        let mut place = Place { file: file.to_owned(), opened: Rc::new(opened), made_file, made_directory };
        let lock = place.lock()?;
        Ok((place, lock))
    }

    /// The name of the opened file, whatever is called `file` by now.
    fn handle(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.opened.as_raw_fd()).into()
    }

    /// Binds the namespace that is found at `source`.
    fn bind(&self, source: &str) -> nix::Result<()> {
        // What is no namespace would be bound as well.
        if statfs(source)?.filesystem_type() != NSFS_MAGIC {
            return Err(NOT_OF_PROC);
        }
        mount(Some(source), &self.handle(), None::<&str>, MsFlags::MS_BIND, None::<&str>)
    }

    /// Locks the file against other tools that were given the same one, and looks again: one may have been faster. Then
    /// the file is theirs. None where the file system has no locks.
    fn lock(&mut self) -> Result<Option<Flock<File>>, Failure> {
        let copy = quietly("fcntl(F_DUPFD_CLOEXEC)", || self.opened.try_clone().map_err(errno_of));
        let file = copy.inspect_err(|_| self.remove())?;
        let made_file = std::mem::take(&mut self.made_file);
        let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Err((_, Errno::EWOULDBLOCK)) => {
                return Err(Failure::input(format_args!(
                    "--keep {}: another tool is binding there",
                    quoted(&self.file)
                ))
                .hint("name a file that does not exist yet".to_owned()));
            }
            result => result.ok(),
        };
        // By its name, since what is mounted there is seen so; and itself, which the name may not lead to any more.
        let looked = refuse_occupied(&self.file, &self.file)
            .and_then(|()| refuse_occupied(&self.file, &self.handle()))
            .and_then(|()| self.refuse_other());
        // One that is occupied now is another's, who was faster; otherwise it is ours still.
        let is_theirs = looked.as_ref().is_err_and(|failure| failure.errno.is_none());
        self.made_file = made_file && !is_theirs;
        if looked.is_err() {
            self.remove();
        }
        looked.map(|()| lock)
    }

    /// Refuses a name that leads to another file by now than to the one that was opened.
    fn refuse_other(&self) -> Result<(), Failure> {
        if !quietly(format_args!("stat({})", quoted(&self.file)), || self.is_replaced())? {
            return Ok(());
        }
        Err(Failure::input(format_args!("--keep {}: it was replaced while it was looked at", quoted(&self.file)))
            .hint("name a file in a directory to which nobody else may write".to_owned()))
    }

    /// Does the name lead to another file than the opened one?
    fn is_replaced(&self) -> nix::Result<bool> {
        let identity = |data: fs::Metadata| (data.dev(), data.ino());
        let (named, opened) = (fs::metadata(&self.file).map(identity), self.opened.metadata().map(identity));
        Ok(named.map_err(errno_of)? != opened.map_err(errno_of)?)
    }

    fn release(&self) {
        // What is mounted on the opened file, which is the namespace.
        let _ = umount2(&self.handle(), MntFlags::MNT_DETACH);
        self.remove();
    }

    fn remove(&self) {
        if self.made_file && self.is_replaced() != Ok(true) {
            let _ = fs::remove_file(&self.file);
        }
        if let Some(directory) = &self.made_directory {
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Refuses a FILE that is not an empty regular file, or that something is already bound to. `at` is where to look.
fn refuse_occupied(file: &Path, at: &Path) -> Result<(), Failure> {
    let refuse = |what: &str| {
        Err(Failure::input(format_args!("--keep {}: {what}", quoted(file)))
            .hint("name a file that does not exist yet".to_owned()))
    };
    let failed = |call: &str, errno| Failure::refused(format_args!("{call}({})", quoted(file)), errno);
    let data = fs::metadata(at).map_err(|error| failed("stat", errno_of(error)))?;
    let system = statfs(at).map_err(|errno| failed("statfs", errno))?;
    if system.filesystem_type() == NSFS_MAGIC {
        return Err(Failure::input(format_args!("--keep {}: a namespace is bound there already", quoted(file)))
            .hint(format!("'umount {}' lets it go", file.display())));
    }
    if !data.is_file() {
        return refuse("not a regular file");
    }
    if data.size() > 0 {
        return refuse("the file is not empty");
    }
    if sys::is_mount_root(at).map_err(|errno| failed("statx", errno))? {
        return refuse("something is mounted there");
    }
    Ok(())
}

struct Bind {
    namespace: &'static Namespace,
    place: Place,
}

impl Job for Bind {
    fn perform(&mut self, tool: &str) -> nix::Result<()> {
        self.place.bind(&self.namespace.path_of(tool))
    }

    fn undo(&mut self) {
        self.place.release();
    }
}

/// Binds a mount namespace where one was refused with EINVAL. The kernel wants the one that is bound to be younger than
/// the one that it is bound in, and since Linux 6.18 goes by a number that every CPU hands out from a store of its own: a
/// namespace made on another CPU may have the lower one. So one is made on each.
///
/// # Errors
/// EINVAL again: that was not the reason.
fn bind_younger(outside: &mut Outside) -> nix::Result<()> {
    let ourselves = Pid::from_raw(0);
    let allowed = sched_getaffinity(ourselves)?;
    let mut result = Err(Errno::EINVAL);
    for cpu in 0..CpuSet::count() {
        let mut one = CpuSet::new();
        // Not a CPU that there is, or that this process may use.
        if one.set(cpu).and_then(|()| sched_setaffinity(ourselves, &one)).is_err() {
            continue;
        }
        result = unshare(CloneFlags::CLONE_NEWNS).and_then(|()| outside.perform());
        if result != Err(Errno::EINVAL) {
            break;
        }
    }
    sched_setaffinity(ourselves, &allowed)?;
    result
}
