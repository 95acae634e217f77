//! The options. Their comments are the texts of `--help`; those of the operations stand in a list, as these are read in the
//! order in which they stand on the command line.

use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, value_parser};
use common::link::LinkArgs;
use std::ffi::OsString;

/// Run a command with its own mounts, and perhaps its own root directory (mount namespace)
#[derive(clap::Parser, Default)]
#[command(name = "unshare-mnt", version, args_override_self = true)]
pub struct Args {
    /// What of later mounts passes between the caller's namespace and this one
    #[arg(long, value_enum, default_value_t = Propagation::Private, hide_possible_values = true,
          value_name = "private|slave|shared|unchanged")]
    pub propagation: Propagation,

    /// Make DIR the root directory, for the whole line, wherever this option stands; the old root is gone
    #[arg(long, value_name = "DIR")]
    pub root: Option<OsString>,

    /// Start the command in DIR [default: where the caller is, if that exists inside, else /]
    #[arg(long, value_name = "DIR")]
    pub chdir: Option<OsString>,

    #[command(flatten)]
    pub operations: Operations,

    #[command(flatten)]
    pub link: LinkArgs,
}

/// How the mounts of the new namespace are tied to those of the caller's.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Propagation {
    #[default]
    Private,
    Slave,
    Shared,
    Unchanged,
}

/// One option: its name, its values, its text.
struct Spec(&'static str, &'static [&'static str], &'static str);

const SPECS: &[Spec] = &[
    Spec("bind", &["SRC", "DEST"], "Show the file or directory SRC, with its submounts, at DEST"),
    Spec("ro-bind", &["SRC", "DEST"], "The same, read-only in every submount"),
    Spec("tmpfs", &["DEST"], "Mount a new, empty tmpfs"),
    Spec("proc", &["DEST"], "Mount a proc(5) that shows the current PID namespace"),
    Spec("dev", &["DEST"], "Make a minimal /dev: null zero full random urandom tty, pts, shm and the usual links"),
    Spec("sysfs", &["DEST"], "Mount a sysfs(5) that shows the current network namespace"),
    Spec("mqueue", &["DEST"], "Mount the POSIX message queues of the current IPC namespace"),
    Spec("overlay-src", &["DIR"], "A layer for the overlay that follows; the last one lies on top"),
    Spec("overlay", &["RWSRC", "WORKDIR", "DEST"], "Mount the layers with RWSRC on top, which takes the writes"),
    Spec("tmp-overlay", &["DEST"], "The same, with writes that vanish at the end"),
    Spec("ro-overlay", &["DEST"], "The same, read-only; takes two layers or more"),
    Spec("dir", &["DEST"], "Make a directory"),
    Spec("symlink", &["TARGET", "LINK"], "Make a symlink"),
    Spec("remount-ro", &["DEST"], "Make one mount read-only, without its submounts"),
];

/// An option as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its name, without the dashes.
    pub option: &'static str,
    /// Its values, as many as it takes.
    pub values: Vec<OsString>,
}

/// All of them, in the order of the line.
#[derive(Debug, Default)]
pub struct Operations(pub Vec<Written>);

impl clap::Args for Operations {
    fn augment_args(command: Command) -> Command {
        let command = command.next_help_heading("Operations, done in the order in which they stand");
        let command = SPECS.iter().fold(command, |command, Spec(name, values, text)| {
            let arg = Arg::new(*name).long(*name).help(*text).action(ArgAction::Append);
            command.arg(arg.num_args(values.len()).value_names(*values).value_parser(value_parser!(OsString)))
        });
        command.next_help_heading(None)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Operations {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut found = Vec::new();
        for Spec(option, values, _) in SPECS {
            let (Some(places), Some(groups)) =
                (matches.indices_of(option), matches.get_occurrences::<OsString>(option))
            else {
                continue;
            };
            // Every value has an index of its own: the first of each group gives the order.
            for (place, group) in places.step_by(values.len()).zip(groups) {
                let at = found.partition_point(|(before, _)| *before < place);
                found.insert(at, (place, Written { option, values: group.cloned().collect() }));
            }
        }
        Ok(Operations(found.into_iter().map(|(_, written)| written).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
