//! `unshare-net`: run a command with its own interfaces, addresses, routes and ports (network_namespaces(7)).
#![forbid(unsafe_code)]

mod belongings;
mod hint;
mod interface;
mod link;
mod rtnetlink;
mod setup;
mod spec;

use clap::Parser;
use common::link::LinkArgs;
use common::namespace::NET;
use setup::{NetArgs, Plan};
use std::convert::Infallible;
use std::process::ExitCode;

/// Run a command with its own interfaces, addresses, routes and ports (network namespace)
#[derive(Parser)]
#[command(name = "unshare-net", version, args_override_self = true)]
struct Args {
    #[command(flatten)]
    net: NetArgs,

    #[command(flatten)]
    link: LinkArgs,
}

fn main() -> ExitCode {
    common::start::start(run)
}

fn run(args: Args) -> anyhow::Result<Infallible> {
    let plan = Plan::read(args.net)?;
    let link = args.link.prepare(&NET)?;
    let ready = plan.look_outside()?;
    let entered = link.enter()?;
    // Dropped when the command cannot run, and with it all that was made.
    let _made = ready.set_up()?;
    Ok(entered.become_command()?)
}
