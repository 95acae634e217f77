//! Readers of `/proc` (proc(5)).

use std::fs;

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
