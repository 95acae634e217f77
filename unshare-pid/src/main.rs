//! `unshare-pid`: run a command with its own process IDs (pid_namespaces(7)).
#![forbid(unsafe_code)]
#![no_main]

mod pid_file;
mod proc_mount;

use clap::Parser;
use common::keep::Keep;
use common::link::LinkArgs;
use common::namespace::PID;
use common::supervise::{Aftermath, Shape, Undo, supervise};
use pid_file::PidFile;
use std::convert::Infallible;
use std::path::PathBuf;

/// Run a command with its own process IDs (PID namespace)
#[derive(Parser, Default)]
#[command(name = "unshare-pid", version, args_override_self = true)]
struct Args {
    /// Run a minimal init as PID 1, and COMMAND as PID 2, so that every signal has its ordinary effect
    #[arg(long)]
    init: bool,

    /// Mount a fresh /proc (or DIR), in a private mount namespace
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "/proc")]
    mount_proc: Option<PathBuf>,

    /// Write COMMAND's PID, as the caller sees it, to FILE before COMMAND runs (for 'nsenter -t')
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,

    #[command(flatten)]
    link: LinkArgs,
}

common::begin!(common::start::start(env!("CARGO_PKG_NAME"), run, |link| Args { link, ..Args::default() }));

fn run(args: Args) -> anyhow::Result<Infallible> {
    let (keep, command) = args.link.prepare(&PID)?.into_parts();
    PID.create()?;
    let shape = if args.init { Shape::InitIsFirst } else { Shape::CommandIsFirst };
    supervise(
        shape,
        |command| {
            let mut made = Made { keep, pid_file: None };
            made.pid_file = args.pid_file.map(|file| PidFile::write(file, command)).transpose()?;
            if let Some(keep) = &mut made.keep {
                keep.bind()?;
            }
            Ok(made)
        },
        || {
            match &args.mount_proc {
                Some(directory) => proc_mount::mount_proc(directory)?,
                None => PID.narrate_shared(),
            }
            Ok(command.execute()?)
        },
    )
}

/// What was made outside for a command that is about to run.
struct Made {
    keep: Option<Keep>,
    pid_file: Option<PidFile>,
}

impl Undo for Made {
    fn commit(self) -> Option<Box<dyn Aftermath>> {
        if let Some(keep) = self.keep {
            // It has no helper, so nothing can fail.
            let _ = keep.commit();
        }
        if let Some(file) = self.pid_file {
            file.commit();
        }
        None
    }
}
