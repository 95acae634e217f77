//! `unshare-net`: run a command with its own interfaces, addresses, routes and ports (network_namespaces(7)).
#![forbid(unsafe_code)]
#![no_main]

mod belongings;
mod cli;
mod hint;
mod interface;
mod message;
mod rtnetlink;
mod setup;
mod side;
mod spec;

use cli::Args;
use common::namespace::NET;
use setup::Plan;
use std::convert::Infallible;

common::begin!(common::start::start(env!("CARGO_PKG_NAME"), run, |link| Args { link, ..Args::default() }));

fn run(args: Args) -> anyhow::Result<Infallible> {
    let plan = Plan::read(args.net)?;
    let link = args.link.prepare(&NET)?;
    let ready = plan.look_outside()?;
    let entered = link.enter()?;
    // Dropped when the command cannot run, and with it all that was made.
    let _made = ready.set_up()?;
    Ok(entered.become_command()?)
}
