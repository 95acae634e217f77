//! `unshare-user`: run a command with its own user and group IDs and capabilities (user_namespaces(7)).
#![forbid(unsafe_code)]

mod cli;
mod identity;
mod map;
mod write_map;

use cli::{Args, MapArgs};
use common::failure::Failure;
use common::namespace::USER;
use map::{Map, Range};
use std::convert::Infallible;
use std::process::ExitCode;
use write_map::Plan;

fn main() -> ExitCode {
    common::start::start(run)
}

fn run(args: Args) -> anyhow::Result<Infallible> {
    let plan = plan(&args.map)?;
    let entered = args.link.enter(&USER)?;
    plan.write()?;
    identity::assume(&args.identity, !plan.deny_setgroups)?;
    Ok(entered.become_command()?)
}

fn plan(args: &MapArgs) -> Result<Plan, Failure> {
    if args.map_none {
        return Ok(Plan { users: None, groups: None, deny_setgroups: args.setgroups.as_deref() == Some("deny") });
    }
    let (user, group) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let inner = |chosen: Option<u32>, own: u32| chosen.unwrap_or(if args.map_current_user { own } else { 0 });
    let side = |given: &[Range], chosen: Option<u32>, own: u32| {
        if given.is_empty() { Map(vec![Range::one(inner(chosen, own), own)]) } else { Map(given.to_vec()) }
    };
    let users = side(&args.map_users, args.map_user, user);
    let groups = side(&args.map_groups, args.map_group, group);
    users.check("--map-users")?;
    groups.check("--map-groups")?;
    Ok(Plan { users: Some(users), groups: Some(groups), deny_setgroups: args.setgroups.as_deref() != Some("allow") })
}
