//! File systems that are mounted new: tmpfs(5), proc(5), sysfs(5), mq_overview(7).

use crate::hint::{self, Call};
use crate::operation::Filesystem;
use common::failure::Failure;
use common::step::quietly;
use common::sys::{self, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID};
use common::text::{harmless, quoted};
use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// Makes one, attached nowhere yet.
pub fn make(filesystem: Filesystem) -> Result<OwnedFd, Failure> {
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
        let hint = failure.errno.and_then(|errno| hint::filesystem(filesystem, call, errno));
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
        Filesystem::Tmpfs => {
            "an empty directory in memory, seen by whoever is in here, and gone when the last of them is"
        }
        Filesystem::Proc => "the processes of the PID namespace that this process is in are seen there, in here",
        Filesystem::Sysfs => "the interfaces of the network namespace that this process is in are seen there, in here",
        Filesystem::Mqueue => "the message queues of the IPC namespace that this process is in are seen there, in here",
    }
}

/// fsopen, `configure`, create, fsmount.
///
/// # Errors
/// The refused call, with what the file system itself says as hint, and which call it was.
pub fn new(
    name: &CStr,
    attributes: u64,
    configure: impl FnOnce(BorrowedFd<'_>) -> Result<(), Failure>,
) -> Result<OwnedFd, (Failure, Call)> {
    let shown = quoted(OsStr::from_bytes(name.to_bytes())).to_string();
    let open = format!("fsopen({shown})");
    let context = quietly(open, || sys::fsopen(name)).map_err(|failure| (failure, Call::Open))?;
    let context = context.as_fd();
    let said = |call| {
        move |failure: Failure| {
            let says = sys::fsmessage(context).map(|text| format!("the kernel says: {}", harmless(&text)));
            (failure.hint(says), call)
        }
    };
    // What mount(8) shows in the first column.
    option(context, c"source", &name.to_string_lossy()).map_err(said(Call::Configure))?;
    configure(context).map_err(said(Call::Configure))?;
    let create = format!("fsconfig({shown}, FSCONFIG_CMD_CREATE)");
    quietly(create, || sys::fsconfig_create(context)).map_err(said(Call::Create))?;
    let mount = format!("fsmount({shown})");
    quietly(mount, || sys::fsmount(context, attributes)).map_err(said(Call::Mount))
}

/// Sets one option of a file system that is being configured.
pub fn option(context: BorrowedFd<'_>, key: &CStr, value: &str) -> Result<(), Failure> {
    let call = format!("fsconfig({}={value})", key.to_string_lossy());
    quietly(call, || sys::fsconfig_string(context, key, value.as_ref()))
}
