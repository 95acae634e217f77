//! From a refused call on a control group to a cause and a remedy.

pub mod table;

use common::text::quoted;
use nix::errno::Errno;
use std::fs;
use std::path::Path;

/// Why a group could not be made.
pub fn make(parent: &Path, errno: Errno) -> Option<String> {
    let shown = &parent.display().to_string()[..];
    match errno {
        Errno::EACCES | Errno::EPERM => table::NOT_OURS.with([shown]).into(),
        Errno::EROFS => table::READ_ONLY.with([shown]).into(),
        Errno::EEXIST => table::NAME_TAKEN.with([]).into(),
        Errno::EAGAIN => table::TOO_MANY.with([shown]).into(),
        _ => None,
    }
}

/// Why a group does not hand controllers down.
pub fn enable(parent: &Path, errno: Errno) -> Option<String> {
    let shown = &quoted(parent).to_string()[..];
    match errno {
        Errno::EACCES | Errno::EPERM | Errno::EROFS => table::NOT_DELEGATED.with([shown]).into(),
        Errno::EBUSY => table::BUSY.with([shown]).into(),
        Errno::EOPNOTSUPP => table::THREADED.with([shown]).into(),
        _ => None,
    }
}

/// Why a process could not be moved into a group that we made.
pub fn join(errno: Errno) -> Option<String> {
    match errno {
        Errno::EACCES | Errno::EPERM => table::MAY_NOT_MOVE.with([]).into(),
        Errno::EOPNOTSUPP => table::BESIDE_THREADS.with([]).into(),
        Errno::EBUSY => table::HANDS_DOWN.with([]).into(),
        _ => None,
    }
}

/// Why a control file did not take its value.
pub fn set(group: &Path, file: &str, errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => {
            let prefix = file.split_inclusive('.').next().unwrap_or_default();
            let mut files: Vec<String> = fs::read_dir(group)
                .ok()?
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter(|name| name.starts_with(prefix))
                .collect();
            files.sort();
            // There, and it names something that is not.
            if files.iter().any(|there| there == file) {
                return table::VALUE.with([file]).into();
            }
            let others = if files.is_empty() { String::new() } else { format!("; there are: {}", files.join(", ")) };
            table::NO_FILE.with([file, &others]).into()
        }
        Errno::EINVAL | Errno::EACCES if is_read_only(&group.join(file)) => table::FOR_READING.with([file]).into(),
        Errno::EINVAL | Errno::ERANGE | Errno::ENODEV => table::VALUE.with([file]).into(),
        Errno::EACCES => table::NOT_FOR_US.with([file]).into(),
        _ => None,
    }
}

/// Has the file a mode without a right to write? Root opens it all the same.
fn is_read_only(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.permissions().readonly())
}
