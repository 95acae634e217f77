//! What went wrong, and the exit status that it has.

use nix::errno::Errno;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// The tool failed: usage, a refused call, bad input. COMMAND did not run.
pub const FAILED: u8 = 125;
/// COMMAND was found and could not be executed.
pub const CANNOT_EXECUTE: u8 = 126;
/// COMMAND, or its interpreter, was not found.
pub const NOT_FOUND: u8 = 127;

/// One failed step: a line that says what, perhaps a second that says why and what to do. Boxed, so that the results that
/// every call hands up are small, and the programs with them.
#[derive(Debug)]
pub struct Failure(Box<Parts>);

/// What a [`Failure`] consists of.
#[derive(Debug)]
pub struct Parts {
    /// The call with its arguments, or what is wrong with the input.
    pub what: String,
    /// The error that the kernel gave, if a call was refused.
    pub errno: Option<Errno>,
    /// The cause and the remedy, where they could be found out.
    pub hint: Option<String>,
    /// The exit status.
    pub status: u8,
}

impl Failure {
    /// A call that the kernel refused.
    pub fn refused(call: impl fmt::Display, errno: Errno) -> Self {
        Failure(Box::new(Parts { what: call.to_string(), errno: Some(errno), hint: None, status: FAILED }))
    }

    /// Input that cannot be used.
    pub fn input(what: impl fmt::Display) -> Self {
        Failure(Box::new(Parts { what: what.to_string(), errno: None, hint: None, status: FAILED }))
    }

    /// Adds the second line, if there is one.
    pub fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into().or(self.hint.take());
        self
    }

    /// Sets the exit status.
    pub fn status(mut self, status: u8) -> Self {
        self.status = status;
        self
    }
}

impl Deref for Failure {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

/// The first line without the tool's name: `unshare(CLONE_NEWNET): EPERM: Operation not permitted`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errno {
            // Errno's own Display is "EPERM: Operation not permitted".
            Some(errno) => write!(f, "{}: {errno}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Failure {}

/// Adds the hint to a refusal, from its error number, when and only when it happened.
pub trait OrHint<T> {
    /// `hint` looks at the system and says the cause, or nothing where it found none.
    fn or_hint(self, hint: impl FnOnce(Errno) -> Option<String>) -> Result<T, Failure>;
}

impl<T> OrHint<T> for Result<T, Failure> {
    fn or_hint(self, hint: impl FnOnce(Errno) -> Option<String>) -> Result<T, Failure> {
        self.map_err(|failure| match failure.errno {
            Some(errno) if failure.hint.is_none() => failure.hint(hint(errno)),
            _ => failure,
        })
    }
}

/// The error number of a call that the standard library made.
pub fn errno_of(error: std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(nix::libc::EIO))
}
