//! The options. Their comments are the texts of `--help`.

use common::link::LinkArgs;
use std::ffi::OsString;

/// Run a command with its own interfaces, addresses, routes and ports (network namespace)
#[derive(clap::Parser, Default)]
#[command(name = "unshare-net", version, args_override_self = true)]
pub struct Args {
    #[command(flatten)]
    pub net: NetArgs,

    #[command(flatten)]
    pub link: LinkArgs,
}

/// The network's own options.
#[derive(clap::Args, Default)]
pub struct NetArgs {
    /// Leave the loopback interface down
    #[arg(long)]
    pub no_loopback: bool,

    /// Make a pair of interfaces, one inside, one with the caller. Keys: host, name (eth0), address=CIDR, host-address=CIDR,
    /// bridge, mac, mtu
    #[arg(long, value_name = "host=NAME[,KEY=VALUE]...")]
    pub veth: Vec<OsString>,

    /// Take an interface of the caller's in. Keys: name, address=CIDR
    #[arg(long = "move", value_name = "NAME[,KEY=VALUE]...")]
    pub moves: Vec<OsString>,

    /// Add a route inside
    #[arg(long, value_name = "CIDR|default,via=ADDRESS[,dev=NAME]")]
    pub route: Vec<OsString>,

    /// Set a network setting of this namespace
    #[arg(long, value_name = "net.KEY=VALUE")]
    pub sysctl: Vec<OsString>,
}
