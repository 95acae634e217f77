//! The arguments that every `unshare-*` has, and the four beats: parse, enter, configure, become.

use crate::command::Command;
use crate::failure::Failure;
use crate::keep::Keep;
use crate::namespace::Namespace;
use crate::step::explain_if;
use crate::sys::arguments;
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The arguments that every `unshare-*` has.
#[derive(Debug, Default, clap::Args)]
pub struct LinkArgs {
    /// Bind the namespace to FILE, so that it outlives the command; 'umount FILE' lets it go
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,

    #[command(flatten)]
    command: CommandArgs,
}

/// The arguments that every link has, `limit-cgroup` as well.
#[derive(Debug, Default, clap::Args)]
pub struct CommandArgs {
    /// Narrate each call and what it changes on standard error (also: UNSHARE_EXPLAIN=1)
    #[arg(long)]
    explain: bool,

    /// The command to run, with its arguments [default: $SHELL, or /bin/sh]
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    command: Vec<OsString>,
}

/// A link before it enters its namespace.
pub struct Link {
    namespace: &'static Namespace,
    keep: Option<Keep>,
    command: Command,
}

/// A link inside its namespace. Dropped before it became the command, it lets a kept namespace go.
pub struct Entered(Link);

impl From<CommandArgs> for LinkArgs {
    fn from(command: CommandArgs) -> Self {
        LinkArgs { command, ..LinkArgs::default() }
    }
}

impl CommandArgs {
    /// The arguments of a line that has a command and no option of ours: there is nothing to parse, and most links of a
    /// chain are such. The first word is the tool's name.
    pub(crate) fn bare(words: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut words = words.skip(1).peekable();
        let first = words.peek()?;
        if first == "--" {
            words.next();
        } else if first.as_bytes().starts_with(b"-") {
            return None;
        }
        words.peek()?;
        Some(CommandArgs { command: words.collect(), ..CommandArgs::default() })
    }

    /// Turns the narration on if asked for, and gives what to become.
    ///
    /// # Errors
    /// A `--` with nothing after it.
    pub fn prepare(self) -> Result<Command, Failure> {
        explain_if(self.explain);
        // An empty "$@" must not open a shell. The last word can only be our own `--`: no option takes it as a value.
        if self.command.is_empty() && arguments().next_back().as_deref() == Some(OsStr::new("--")) {
            return Err(Failure::input("a command is missing after '--'"));
        }
        Ok(Command::new(self.command))
    }
}

impl LinkArgs {
    /// Checks what can be checked before anything is made.
    ///
    /// # Errors
    /// A `--` with nothing after it; a `--keep` FILE that cannot be used.
    pub fn prepare(self, namespace: &'static Namespace) -> Result<Link, Failure> {
        let command = self.command.prepare()?;
        let keep = self.keep.map(|file| Keep::prepare(&file, namespace)).transpose()?;
        Ok(Link { namespace, keep, command })
    }

    /// Prepares, then moves this process into a new namespace.
    ///
    /// # Errors
    /// As [`LinkArgs::prepare`] and [`Link::enter`].
    pub fn enter(self, namespace: &'static Namespace) -> Result<Entered, Failure> {
        self.prepare(namespace)?.enter()
    }
}

impl Link {
    /// Moves this process into a new namespace, and binds it to the `--keep` FILE.
    ///
    /// # Errors
    /// unshare(2) or the bind was refused.
    pub fn enter(mut self) -> Result<Entered, Failure> {
        self.namespace.create()?;
        if let Some(keep) = &mut self.keep {
            keep.bind()?;
        }
        Ok(Entered(self))
    }

    /// The parts, for a link that stays as a supervisor.
    pub fn into_parts(self) -> (Option<Keep>, Command) {
        (self.keep, self.command)
    }
}

impl Entered {
    /// Becomes the command.
    ///
    /// # Errors
    /// 126 or 127; a kept namespace is let go.
    pub fn become_command(self) -> Result<Infallible, Failure> {
        let Link { namespace, keep, command } = self.0;
        namespace.narrate_shared();
        match keep {
            Some(keep) if keep.is_final() => {
                command.check()?;
                keep.commit()?;
                command.execute()
            }
            Some(keep) => {
                let failure = command.execute();
                drop(keep);
                failure
            }
            None => command.execute(),
        }
    }
}
