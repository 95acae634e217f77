//! `unshare-mnt`: run a command with its own mounts, and perhaps its own root directory (mount_namespaces(7)).
#![forbid(unsafe_code)]

mod dev;
mod filesystem;
mod hint;
mod line;
mod operation;
mod options;
mod overlay;
mod place;
mod propagation;
mod read_only;
mod source;
mod switch;

use clap::Parser;
use common::link::LinkArgs;
use common::namespace::MNT;
use options::Operations;
use propagation::Propagation;
use std::convert::Infallible;
use std::ffi::OsString;
use std::process::ExitCode;

/// Run a command with its own mounts, and perhaps its own root directory (mount namespace)
#[derive(Parser, Default)]
#[command(name = "unshare-mnt", version, args_override_self = true)]
struct Args {
    /// What of later mounts passes between the caller's namespace and this one
    #[arg(long, value_enum, default_value_t = Propagation::Private, hide_possible_values = true,
          value_name = "private|slave|shared|unchanged")]
    propagation: Propagation,

    /// Make DIR the root directory, for the whole line, wherever this option stands; the old root is gone
    #[arg(long, value_name = "DIR")]
    root: Option<OsString>,

    /// Start the command in DIR [default: where the caller is, if that exists inside, else /]
    #[arg(long, value_name = "DIR")]
    chdir: Option<OsString>,

    #[command(flatten)]
    operations: Operations,

    #[command(flatten)]
    link: LinkArgs,
}

fn main() -> ExitCode {
    common::start::start(env!("CARGO_PKG_NAME"), run, |link| Args { link, ..Args::default() })
}

fn run(args: Args) -> anyhow::Result<Infallible> {
    let line = line::Line::check(args.operations, args.root, args.chdir, args.propagation)?;
    let entered = args.link.enter(&MNT)?;
    // Dropped when the command cannot be executed: what was made on the caller's file systems is removed.
    let _made = line.perform()?;
    Ok(entered.become_command()?)
}
