//! `unshare-net`: run a command with its own interfaces, addresses, routes and ports (network_namespaces(7)).
#![forbid(unsafe_code)]

mod interface;
mod rtnetlink;

use clap::Parser;
use common::link::LinkArgs;
use common::namespace::NET;
use common::step::step;
use rtnetlink::Rtnetlink;
use std::convert::Infallible;
use std::process::ExitCode;

/// Run a command with its own interfaces, addresses, routes and ports (network namespace)
#[derive(Parser)]
#[command(name = "unshare-net", version, args_override_self = true)]
struct Args {
    /// Leave the loopback interface down
    #[arg(long)]
    no_loopback: bool,

    #[command(flatten)]
    link: LinkArgs,
}

fn main() -> ExitCode {
    common::start::start(run)
}

fn run(args: Args) -> anyhow::Result<Infallible> {
    let entered = args.link.enter(&NET)?;
    if !args.no_loopback {
        let inside =
            step("socket(NETLINK_ROUTE)", "a line to the kernel about this namespace's network", Rtnetlink::open)?;
        interface::loopback_up(&inside)?;
    }
    Ok(entered.become_command()?)
}
