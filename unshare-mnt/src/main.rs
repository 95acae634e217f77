//! `unshare-mnt`: run a command with its own mounts, and perhaps its own root directory (mount_namespaces(7)).
#![forbid(unsafe_code)]
#![no_main]

mod cli;
mod dev;
mod filesystem;
mod hint;
mod line;
mod operation;
mod overlay;
mod place;
mod propagation;
mod read_only;
mod source;
mod switch;

use cli::Args;
use common::namespace::MNT;
use std::convert::Infallible;

common::begin!(common::start::start(env!("CARGO_PKG_NAME"), run, |link| Args { link, ..Args::default() }));

fn run(args: Args) -> anyhow::Result<Infallible> {
    let line = line::Line::check(args.operations, args.root, args.chdir, args.propagation)?;
    let entered = args.link.enter(&MNT)?;
    // Dropped when the command cannot be executed: what was made on the caller's file systems is removed.
    let _made = line.perform()?;
    Ok(entered.become_command()?)
}
