//! File systems that are mounted new: tmpfs(5), proc(5), sysfs(5), mq_overview(7).

use crate::hint;
use crate::operation::Filesystem;
use common::failure::Failure;
use common::step::step;
use common::sys::{self, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID};
use common::text::quoted;
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Makes one, attached nowhere yet. `dest` serves the hint.
pub fn make(filesystem: Filesystem, dest: &Path) -> Result<OwnedFd, Failure> {
    let (name, attributes): (_, u64) = match filesystem {
        Filesystem::Tmpfs => (c"tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV),
        Filesystem::Proc => (c"proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
        Filesystem::Sysfs => (c"sysfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
        Filesystem::Mqueue => (c"mqueue", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
    };
    new(name, attributes, |context| match filesystem {
        // Not the world-writable mode that the kernel would choose.
        Filesystem::Tmpfs => option(context, c"mode", "0755"),
        _ => Ok(()),
    })
    .map_err(|(failure, call)| {
        let hint = failure.errno.and_then(|errno| hint::filesystem(filesystem, dest, call, errno));
        failure.hint(hint)
    })
}

/// Does it begin empty, so that mount points are missing and may be made?
pub fn is_empty(filesystem: Filesystem) -> bool {
    filesystem == Filesystem::Tmpfs
}

/// What a new one changes, in plain words.
pub fn changes(filesystem: Filesystem) -> &'static str {
    match filesystem {
        Filesystem::Tmpfs => "an empty directory in memory, gone with the namespace",
        Filesystem::Proc => "the processes of the current PID namespace are seen there",
        Filesystem::Sysfs => "the devices of the current network namespace are seen there",
        Filesystem::Mqueue => "the message queues of the current IPC namespace are seen there",
    }
}

/// Which call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Open,
    Configure,
    Create,
    Mount,
}

/// fsopen, `configure`, create, fsmount.
pub fn new(
    name: &CStr,
    attributes: u64,
    configure: impl FnOnce(BorrowedFd<'_>) -> Result<(), Failure>,
) -> Result<OwnedFd, (Failure, Call)> {
    let c_name = name;
    let name = name.to_str().unwrap_or_default();
    let named = |call| move |failure| (failure, call);
    let context =
        step(format_args!("fsopen({})", quoted(name)), "a file system, to be configured", || sys::fsopen(&c_name))
            .map_err(named(Call::Open))?;
    // What mount(8) shows in the first column.
    let _ = sys::fsconfig_string(context.as_fd(), c"source", name.as_ref());
    configure(context.as_fd()).map_err(named(Call::Configure))?;
    step(format_args!("fsconfig({}, FSCONFIG_CMD_CREATE)", quoted(name)), "it is made", || {
        sys::fsconfig_create(context.as_fd())
    })
    .map_err(named(Call::Create))?;
    step(format_args!("fsmount({})", quoted(name)), "a mount of it, not yet attached", || {
        sys::fsmount(context.as_fd(), attributes)
    })
    .map_err(named(Call::Mount))
}

/// Sets one option of a file system that is being configured.
pub fn option(context: BorrowedFd<'_>, key: &CStr, value: &str) -> Result<(), Failure> {
    let call = format!("fsconfig({}={value})", key.to_string_lossy());
    step(call, "an option of it", || sys::fsconfig_string(context, key, value.as_ref()))
}
