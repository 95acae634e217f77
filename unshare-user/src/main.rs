//! `unshare-user`: run a command with its own user and group IDs and capabilities (user_namespaces(7)).
#![forbid(unsafe_code)]
#![no_main]

mod cli;
mod hint;
mod identity;
mod kind;
mod map;
mod plan;
mod program;
mod subid;
mod write_map;

use cli::Args;
use common::namespace::USER;
use plan::Plan;
use std::convert::Infallible;
use write_map::Maps;

common::begin!(common::start::start(env!("CARGO_PKG_NAME"), run, |link| Args { link, ..Args::default() }));

fn run(args: Args) -> anyhow::Result<Infallible> {
    let plan = Plan::new(&args)?;
    let may_set_groups = plan.may_set_groups;
    let link = args.link.prepare(&USER)?;
    let maps = Maps::prepare(plan)?;
    let entered = link.enter()?;
    maps.write()?;
    identity::assume(&args.identity, may_set_groups)?;
    Ok(entered.become_command()?)
}
