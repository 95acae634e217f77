//! What the options mean: checked before anything is made.

use crate::cli::Written;
use common::failure::Failure;
use common::text::quoted;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// One operation.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// The option with its arguments as the user wrote it, for messages.
    pub label: String,
    /// Where.
    pub dest: PathBuf,
    /// What.
    pub kind: Kind,
}

/// What an operation does at its DEST.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Bind { source: PathBuf, read_only: bool },
    Mount(Filesystem),
    Dev,
    Overlay { layers: Vec<PathBuf>, writes: Writes },
    Directory,
    Symlink { target: OsString },
    RemountReadOnly,
}

/// A file system that is mounted new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filesystem {
    Tmpfs,
    Proc,
    Sysfs,
    Mqueue,
}

/// Where an overlay's writes go.
#[derive(Debug, PartialEq, Eq)]
pub enum Writes {
    To { upper: PathBuf, work: PathBuf },
    Away,
    Refused,
}

impl Operation {
    /// Is it one that puts a mount at its DEST?
    pub fn mounts(&self) -> bool {
        !matches!(self.kind, Kind::Directory | Kind::Symlink { .. } | Kind::RemountReadOnly)
    }

    /// Does it make the root directory?
    pub fn is_root(&self) -> bool {
        self.mounts() && is_root(&self.dest)
    }
}

/// `--root DIR` is `--bind DIR /`, under its own name.
pub fn root(directory: OsString) -> Result<Operation, Failure> {
    let label = format!("--root {}", quoted(&directory));
    if directory.is_empty() {
        return Err(empty(&label));
    }
    Ok(Operation { label, dest: "/".into(), kind: Kind::Bind { source: directory.into(), read_only: false } })
}

/// Reads the line.
///
/// # Errors
/// An empty path; layers without an overlay, or an overlay without layers.
pub fn read(line: Vec<Written>) -> Result<Vec<Operation>, Failure> {
    let mut operations = Vec::new();
    let mut layers: Vec<OsString> = Vec::new();
    for Written { option, values } in line {
        let own = label(option, &values);
        if values.iter().any(|value| value.is_empty()) {
            return Err(empty(&own));
        }
        if option == "overlay-src" {
            layers.extend(values);
            continue;
        }
        let is_overlay = matches!(option, "overlay" | "tmp-overlay" | "ro-overlay");
        if !is_overlay && !layers.is_empty() {
            return Err(Failure::input(format_args!("{own}: --overlay-src must be followed by its overlay"))
                .hint("--overlay, --tmp-overlay or --ro-overlay takes all layers that stand before it".to_owned()));
        }
        let label =
            layers.iter().map(|layer| label("overlay-src", std::slice::from_ref(layer)) + " ").collect::<String>()
                + &own;
        let layers: Vec<PathBuf> = layers.drain(..).map(PathBuf::from).collect();
        if is_overlay && layers.len() < if option == "ro-overlay" { 2 } else { 1 } {
            return Err(Failure::input(format_args!("{label}: too few layers")).hint(format!(
                "put --overlay-src DIR{} in front",
                if option == "ro-overlay" { " at least twice" } else { "" }
            )));
        }
        operations.push(one(option, label, values, layers));
    }
    match layers.last() {
        Some(layer) => Err(Failure::input(format_args!(
            "--overlay-src {}: no --overlay, --tmp-overlay or --ro-overlay follows",
            quoted(layer)
        ))),
        None => Ok(operations),
    }
}

fn one(option: &str, label: String, values: Vec<OsString>, layers: Vec<PathBuf>) -> Operation {
    let mut values = values.into_iter();
    let mut next = || values.next().expect("clap gives as many values as the option takes");
    let mut path = || PathBuf::from(next());
    let (kind, dest) = match option {
        "bind" | "ro-bind" => (Kind::Bind { source: path(), read_only: option == "ro-bind" }, path()),
        "tmpfs" => (Kind::Mount(Filesystem::Tmpfs), path()),
        "proc" => (Kind::Mount(Filesystem::Proc), path()),
        "sysfs" => (Kind::Mount(Filesystem::Sysfs), path()),
        "mqueue" => (Kind::Mount(Filesystem::Mqueue), path()),
        "dev" => (Kind::Dev, path()),
        "overlay" => {
            let writes = Writes::To { upper: path(), work: path() };
            (Kind::Overlay { layers, writes }, path())
        }
        "tmp-overlay" => (Kind::Overlay { layers, writes: Writes::Away }, path()),
        "ro-overlay" => (Kind::Overlay { layers, writes: Writes::Refused }, path()),
        "dir" => (Kind::Directory, path()),
        "symlink" => (Kind::Symlink { target: path().into_os_string() }, path()),
        "remount-ro" => (Kind::RemountReadOnly, path()),
        _ => unreachable!("not an operation: {option}"),
    };
    Operation { label, dest, kind }
}

fn label(option: &str, values: &[OsString]) -> String {
    values.iter().fold(format!("--{option}"), |label, value| format!("{label} {}", quoted(value)))
}

fn empty(label: &str) -> Failure {
    Failure::input(format_args!("{label}: an empty path names nothing"))
}

/// `/`, however it is spelt. A symlink to it is not looked through here.
fn is_root(path: &Path) -> bool {
    path.is_absolute() && path.components().all(|part| matches!(part, Component::RootDir | Component::ParentDir))
}

/// The names that a path consists of; `.` and empty ones say nothing.
pub fn names(path: &Path) -> Vec<&OsStr> {
    path.as_os_str()
        .as_bytes()
        .split(|&b| b == b'/')
        .filter(|name| !matches!(*name, b"" | b"."))
        .map(OsStr::from_bytes)
        .collect()
}
