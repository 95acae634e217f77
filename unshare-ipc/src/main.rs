//! `unshare-ipc`: run a command with its own System V IPC and POSIX message queues (ipc_namespaces(7)).
#![forbid(unsafe_code)]
#![no_main]

use clap::Parser;
use common::link::LinkArgs;
use common::namespace::IPC;
use common::sysctl::Sysctl;
use std::convert::Infallible;
use std::ffi::OsString;

/// Run a command with its own System V IPC and POSIX message queues (IPC namespace)
#[derive(Parser, Default)]
#[command(name = "unshare-ipc", version, args_override_self = true)]
struct Args {
    /// Set a limit of this namespace: kernel.shm*, kernel.msg*, kernel.sem*, fs.mqueue.*
    #[arg(long, value_name = "KEY=VALUE")]
    sysctl: Vec<OsString>,

    #[command(flatten)]
    link: LinkArgs,
}

common::begin!(common::start::start(env!("CARGO_PKG_NAME"), run, |link| Args { link, ..Args::default() }));

fn run(args: Args) -> anyhow::Result<Infallible> {
    let sysctls: Vec<Sysctl> = args.sysctl.iter().map(|text| Sysctl::parse(text, is_ours)).collect::<Result<_, _>>()?;
    let entered = args.link.enter(&IPC)?;
    for sysctl in &sysctls {
        sysctl.set()?;
    }
    Ok(entered.become_command()?)
}

/// What belongs to an IPC namespace. Every other key would change the host.
fn is_ours(key: &str) -> bool {
    ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."].iter().any(|prefix| key.starts_with(prefix))
}
