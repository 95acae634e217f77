//! `--mount-proc[=DIR]`: a `/proc` that shows the new PID namespace, where nobody else sees it.

use common::failure::{Failure, OrHint};
use common::hint;
use common::namespace::MNT;
use common::step::{next, shown, step};
use common::text::quoted;
use nix::mount::{MsFlags, mount};
use std::path::Path;

/// In a process of the new PID namespace: a private mount namespace, and a fresh proc(5) on `directory` there.
pub fn mount_proc(directory: &Path) -> Result<(), Failure> {
    MNT.create()?;
    step("mount(\"/\", MS_REC | MS_PRIVATE)", "what is mounted in here is not seen outside", || {
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
    })
    .or_hint(hint::mount)?;
    let call = shown(|| format!("mount(\"proc\", {})", quoted(directory)));
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    next("a new /proc, for the new process IDs");
    let changes = "in here it shows the processes in here, by their PIDs in here; the caller's own goes on showing all, by the PIDs out there";
    step(call, changes, || mount(Some("proc"), directory, Some("proc"), flags, None::<&str>))
        .or_hint(|errno| hint::mount_proc(directory, errno))
}
