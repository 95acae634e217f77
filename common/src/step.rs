//! Perform one call: its name serves the error, the narration and the hint.
//!
//! The narration (`--explain`) has three kinds of lines: what comes next, what a call did and for whom, and what stays
//! shared though one might expect otherwise. When it is off nothing is looked up and nothing formatted.

use crate::failure::Failure;
use crate::sys::{self, SignalSet};
use crate::text::{folded, harmless};
use nix::errno::Errno;
use nix::libc::SIGPIPE;
use std::fmt;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

static TOOL: OnceLock<&'static str> = OnceLock::new();
static EXPLAIN: AtomicBool = AtomicBool::new(false);
static COLOUR: AtomicBool = AtomicBool::new(false);
/// Where the narration is broken between words: the width of the terminal. It is one line in a pipe.
static COLUMNS: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Colours that can be read on a light and on a dark terminal: cyan and yellow are pale on white, blue is dim on black.
const MAGENTA: &str = "35";
const BOLD: &str = "1";
const RED: &str = "31";

/// The name that stands before every message of this process.
pub fn tool() -> &'static str {
    TOOL.get().copied().unwrap_or("unshare-tools")
}

/// Names the tool; once, before anything can fail.
pub(crate) fn name_tool(name: &'static str) {
    let _ = TOOL.set(name);
}

/// Turns the narration on if asked for, by option or by `UNSHARE_EXPLAIN` in the environment.
pub(crate) fn explain_if(asked: bool) {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let asked = asked || std::env::var_os("UNSHARE_EXPLAIN").is_some_and(|v| !v.is_empty() && v != "0");
    EXPLAIN.store(asked, Ordering::Relaxed);
    if asked {
        // As no-color.org has it; a terminal that calls itself dumb takes no colours either.
        let takes_colour = || std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        COLOUR.store(!is_set("NO_COLOR") && takes_colour() && std::io::stderr().is_terminal(), Ordering::Relaxed);
        // One that does not know its width says 0.
        let columns = sys::terminal_columns(std::io::stderr()).filter(|columns| *columns >= 40);
        COLUMNS.store(columns.unwrap_or(usize::MAX), Ordering::Relaxed);
    }
}

/// Is the narration on?
pub fn explaining() -> bool {
    EXPLAIN.load(Ordering::Relaxed)
}

/// One line on standard error, after the tool's name, with no control character of a name in it. That nobody can read it
/// is no failure.
pub fn say(line: impl fmt::Display) {
    write(format!("{}: {}", tool(), harmless(&line.to_string())));
}

fn write(mut text: String) {
    text.push('\n');
    // One write, so that the lines of two links never mix.
    let written = std::io::stderr().write_all(text.as_bytes());
    // Blocked, SIGPIPE is pending for this thread now, and would be taken for one from outside. What others sent to the
    // process stays.
    if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        let _ = SignalSet::only(SIGPIPE).wait(Some(Duration::ZERO));
    }
}

/// Before a call: what is about to happen.
pub fn next(what: impl fmt::Display) {
    tell(MAGENTA, &"next", &what);
}

/// After a call: itself with its result, what it changed, and for whom.
pub fn narrate(call: impl fmt::Display, changes: impl fmt::Display) {
    tell(BOLD, &call, &changes);
}

/// What a newcomer would expect to be apart, and is not.
pub fn still_shared(what: impl fmt::Display) {
    tell(RED, &"still shared", &what);
}

fn tell(colour: &str, head: &dyn fmt::Display, text: &dyn fmt::Display) {
    if !explaining() {
        return;
    }
    let (head, text) = (harmless(&head.to_string()), harmless(&text.to_string()));
    let is_coloured = COLOUR.load(Ordering::Relaxed);
    let head = if is_coloured { format!("\x1b[{colour}m{head}\x1b[0m") } else { head };
    let line = format!("{}: {head}: {text}", tool());
    let columns = COLUMNS.load(Ordering::Relaxed);
    write(if columns < usize::MAX { folded(&line, columns) } else { line });
}

/// Performs `perform`, which makes the call named `call`, and narrates it. `changes` says in plain words what it
/// changed, and for whom; it is looked up after the call.
///
/// # Errors
/// The refused call under its name, with status 125.
pub fn step(
    call: impl fmt::Display,
    changes: impl fmt::Display,
    perform: impl FnOnce() -> nix::Result<()>,
) -> Result<(), Failure> {
    match perform() {
        Ok(()) => {
            narrate(format_args!("{call} = 0"), changes);
            Ok(())
        }
        Err(errno) => Err(refused(&call, errno)),
    }
}

// Not copied into each of the many calls: a tool is paged in for every launch.
#[cold]
#[inline(never)]
fn refused(call: &dyn fmt::Display, errno: Errno) -> Failure {
    Failure::refused(call, errno)
}

/// The same for a call that changes nothing for anybody: it has a name for the error, and is not narrated.
///
/// # Errors
/// As [`step`].
pub fn quietly<T>(call: impl fmt::Display, perform: impl FnOnce() -> nix::Result<T>) -> Result<T, Failure> {
    perform().map_err(|errno| refused(&call, errno))
}

/// Text that is made only if it is shown, from what is true at that moment.
pub fn shown(make: impl Fn() -> String) -> impl fmt::Display {
    struct Shown<F>(F);
    impl<F: Fn() -> String> fmt::Display for Shown<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&(self.0)())
        }
    }
    Shown(make)
}
