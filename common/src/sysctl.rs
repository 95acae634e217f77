//! `KEY=VALUE` for `/proc/sys`, within a fence.

use crate::failure::{Failure, OrHint};
use crate::hint;
use crate::proc;
use crate::step::{explaining, next, shown, step};
use crate::text::quoted;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// One assignment: a key that was found to be inside the fence, and the bytes to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sysctl {
    key: String,
    value: OsString,
}

impl Sysctl {
    /// Reads `KEY=VALUE`. `fence` says whether a key belongs to the namespace, and so can do the host no harm.
    ///
    /// # Errors
    /// No `=`, a key that is none, or one outside the fence.
    pub fn parse(text: &OsStr, fence: fn(&str) -> bool) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::input(format_args!("--sysctl {}: {why}", quoted(text)));
        let bytes = text.as_bytes();
        let at = bytes.iter().position(|&b| b == b'=').ok_or_else(|| wrong("expected KEY=VALUE"))?;
        let key = std::str::from_utf8(&bytes[..at]).map_err(|_| wrong("no such key"))?;
        // As in sysctl(8), a dot separates names and a slash stands for a dot within one. A name begins with a letter
        // or a digit, so that none is `..`.
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/'))
        };
        if !key.split('.').all(is_name) {
            return Err(wrong("no such key"));
        }
        if !fence(key) {
            return Err(wrong("this key is not the namespace's own: setting it would change the host"));
        }
        // The kernel takes an empty write for done, and sets nothing.
        if bytes.len() == at + 1 {
            return Err(wrong("a value is missing after '='"));
        }
        Ok(Sysctl { key: key.to_owned(), value: OsString::from_vec(bytes[at + 1..].to_vec()) })
    }

    /// Writes the value.
    ///
    /// # Errors
    /// The write that was refused, under the file's name.
    pub fn set(&self) -> Result<(), Failure> {
        let name: String = self
            .key
            .chars()
            .map(|c| match c {
                '.' => '/',
                '/' => '.',
                c => c,
            })
            .collect();
        let path = PathBuf::from(format!("/proc/sys/{name}"));
        let before = if explaining() { fs::read(&path).unwrap_or_default() } else { Vec::new() };
        let before = String::from_utf8_lossy(&before);
        next(format_args!(
            "{} is to be {}, in here; so far: {}",
            self.key,
            quoted(&self.value),
            quoted(before.trim_end())
        ));
        let call = shown(|| format!("write({}, {})", quoted(&path), quoted(&self.value)));
        step(call, "it is, for whoever is in here; outside it stays as it was", || {
            proc::set(&path, self.value.as_bytes())
        })
        .or_hint(|errno| hint::sysctl(&self.key, &path, errno))
    }
}
