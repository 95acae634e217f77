//! From a refusal and the facts of the system to a cause and a remedy.
//!
//! | module | what it holds |
//! |---|---|
//! | [`facts`] | looks at the system, after a refusal |
//! | `processes` | looks for a limit on processes |
//! | [`causes`] | from facts to a cause: pure |
//! | [`table`] | the causes: what they look like, and what to do; `docs/refusals.md` is made from it |
//!
//! Here are the questions that tools ask, each with the call that was refused; what one tool alone asks stands in its own
//! `src/hint`.

pub mod causes;
pub mod facts;
mod processes;
pub mod table;

use facts::Facts;
use table::Cause;

use crate::namespace::Namespace;
use nix::errno::Errno;
use std::path::Path;

/// The line after `hint: `.
fn line(cause: Option<Cause>) -> Option<String> {
    cause.and_then(Into::into)
}

/// Why no namespace could be made.
pub fn create(namespace: &Namespace, errno: Errno) -> Option<String> {
    line(causes::create(namespace, errno, &Facts::gather()))
}

/// Why there can be no process more.
pub fn fork(errno: Errno) -> Option<String> {
    line(if errno == Errno::EAGAIN { processes::at_limit() } else { None })
}

/// Why a FILE for `--keep` or `--pid-file` could not be made.
pub fn keep_file(file: &Path, errno: Errno) -> Option<String> {
    line(causes::keep_file(file, errno))
}

/// Why a namespace could not be bound to a file.
pub fn keep(namespace: &Namespace, file: &Path, errno: Errno) -> Option<String> {
    line(causes::keep(namespace, file, errno, &Facts::gather()))
}

/// Why a value was not taken. `file` is the one of `key`.
pub fn sysctl(key: &str, file: &Path, errno: Errno) -> Option<String> {
    let for_reading = std::fs::metadata(file).is_ok_and(|data| data.permissions().readonly());
    line(causes::sysctl(key, file, for_reading, errno, &Facts::gather()))
}

/// Why a mount was refused, whatever its type.
pub fn mount(errno: Errno) -> Option<String> {
    line(causes::mount(errno, &Facts::gather()))
}

/// Why a call for mounts, which came with Linux `since`, is not there: ENOSYS.
pub fn missing_call(since: (u32, u32)) -> Option<String> {
    line(causes::missing_call(since, &Facts::gather()))
}

/// Why no proc(5) could be mounted.
pub fn mount_proc(directory: &Path, errno: Errno) -> Option<String> {
    line(causes::mount_proc(directory, errno, &Facts::gather()))
}

/// Why a file under `/proc/self` could not be used.
pub fn proc_file(errno: Errno) -> Option<String> {
    line(causes::proc_file(errno, &Facts::gather()))
}
