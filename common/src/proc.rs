//! Readers and writers of `/proc` (proc(5)).

use crate::failure::errno_of;
use nix::errno::Errno;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

/// What [`set`] says where a file is not the kernel's: no device of its own stands behind it.
pub const NOT_OF_PROC: Errno = Errno::ENODEV;

/// Sets something by a file of `/proc`, in one write: the kernel takes it whole or refuses it.
///
/// # Errors
/// What was refused; [`NOT_OF_PROC`] where something else is mounted there, which would take the write, and nothing would
/// be set.
pub fn set(path: impl AsRef<Path>, value: &[u8]) -> nix::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path).map_err(errno_of)?;
    if fstatfs(&file)?.filesystem_type() != PROC_SUPER_MAGIC {
        return Err(NOT_OF_PROC);
    }
    file.write_all(value).map_err(errno_of)
}

/// One field of a `/proc/PID/status` text, without the white space around it.
pub fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// A field that is a set of bits in hexadecimal: capabilities, signals.
pub fn bits(status: &str, name: &str) -> Option<u64> {
    u64::from_str_radix(field(status, name)?, 16).ok()
}

/// A file that holds one decimal number.
pub fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The lines of a `/proc/PID/uid_map` or `gid_map` text: first ID inside, first outside, count (user_namespaces(7)).
pub fn id_map(text: &str) -> impl Iterator<Item = [u32; 3]> {
    text.lines().filter_map(|line| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse);
        Some([numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?])
    })
}
