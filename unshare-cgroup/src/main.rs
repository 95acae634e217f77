//! `unshare-cgroup`: run a command that sees its own control group as the root of the tree (cgroup_namespaces(7)).
#![forbid(unsafe_code)]
#![no_main]

use clap::Parser;
use common::link::LinkArgs;
use common::namespace::CGROUP;
use std::convert::Infallible;

/// Run a command that sees its own control group as the root of the tree (cgroup namespace)
#[derive(Parser)]
#[command(name = "unshare-cgroup", version, args_override_self = true)]
struct Args {
    #[command(flatten)]
    link: LinkArgs,
}

common::begin!(common::start::start(env!("CARGO_PKG_NAME"), run, |link| Args { link }));

/// It limits nothing: that is `limit-cgroup`'s, which stands before it.
fn run(args: Args) -> anyhow::Result<Infallible> {
    Ok(args.link.enter(&CGROUP)?.become_command()?)
}
