//! The reader of `/proc/PID/mountinfo`: proc_pid_mountinfo(5).

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A mount, as one line tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mount {
    /// Its number.
    pub id: u64,
    /// The number of the mount under it.
    pub parent: u64,
    /// Which part of the file system is mounted.
    pub root: PathBuf,
    /// Where.
    pub point: PathBuf,
    /// Its own options, between commas.
    pub options: String,
    /// Do mounts made under it spread to others?
    pub is_shared: bool,
    /// The type of the file system.
    pub kind: String,
    /// The options of the file system.
    pub system_options: String,
}

impl Mount {
    /// May nothing be written through it?
    pub fn is_read_only(&self) -> bool {
        has(&self.options, "ro") || has(&self.system_options, "ro")
    }
}

/// Is the option among these?
pub fn has(options: &str, option: &str) -> bool {
    options.split(',').any(|one| one == option)
}

/// The mounts that can be reached from our root, in order; none without a `/proc`.
pub fn own() -> Vec<Mount> {
    read(&fs::read("/proc/self/mountinfo").unwrap_or_default())
}

/// The mounts of a text.
pub fn read(text: &[u8]) -> Vec<Mount> {
    text.split(|&b| b == b'\n').filter_map(line).collect()
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 - ext3 /dev/root rw`, with any number of fields before the dash.
fn line(line: &[u8]) -> Option<Mount> {
    let words: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
    let text = |at: usize| words.get(at).map(|word| String::from_utf8_lossy(word).into_owned());
    let dash = 6 + words.get(6..)?.iter().position(|word| *word == b"-")?;
    Some(Mount {
        id: text(0)?.parse().ok()?,
        parent: text(1)?.parse().ok()?,
        root: unescaped(words.get(3)?),
        point: unescaped(words.get(4)?),
        options: text(5)?,
        is_shared: words[6..dash].iter().any(|field| field.starts_with(b"shared:")),
        kind: text(dash + 1)?,
        system_options: text(dash + 3)?,
    })
}

/// White space and backslashes stand there as three octal digits.
fn unescaped(word: &[u8]) -> PathBuf {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail.get(..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        rest = match code {
            Some(code) if byte == b'\\' => {
                out.push(code);
                &tail[3..]
            }
            _ => {
                out.push(byte);
                tail
            }
        };
    }
    PathBuf::from(OsString::from_vec(out))
}
