//! `unshare-uts`: run a command with its own host name and NIS domain name (uts_namespaces(7)).
#![forbid(unsafe_code)]
#![no_main]

use clap::Parser;
use common::failure::Failure;
use common::link::LinkArgs;
use common::namespace::UTS;
use common::step::{explaining, next, shown, step};
use common::sys::setdomainname;
use common::text::quoted;
use common::view::host_name;
use nix::unistd::sethostname;
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};

/// Run a command with its own host name and NIS domain name (UTS namespace)
#[derive(Parser, Default)]
#[command(name = "unshare-uts", version, args_override_self = true)]
struct Args {
    /// Set the host name, inside only
    #[arg(long, value_name = "NAME")]
    hostname: Option<OsString>,

    /// Set the NIS domain name, inside only
    #[arg(long, value_name = "NAME")]
    domainname: Option<OsString>,

    #[command(flatten)]
    link: LinkArgs,
}

common::begin!(common::start::start(env!("CARGO_PKG_NAME"), run, |link| Args { link, ..Args::default() }));

fn run(args: Args) -> anyhow::Result<Infallible> {
    check("--hostname", args.hostname.as_deref())?;
    check("--domainname", args.domainname.as_deref())?;
    let entered = args.link.enter(&UTS)?;
    if let Some(name) = args.hostname {
        let outside = if explaining() { host_name() } else { String::new() };
        next(format_args!("the host name is to be {}, in here", quoted(&name)));
        let changes =
            shown(|| format!("'uname -n' says so to whoever is in here; outside it goes on saying {outside}"));
        step(format_args!("sethostname({})", quoted(&name)), changes, || sethostname(&name))?;
    }
    if let Some(name) = args.domainname {
        next(format_args!("the NIS domain name is to be {}, in here", quoted(&name)));
        let changes = "'domainname' says so to whoever is in here, and to nobody outside";
        step(format_args!("setdomainname({})", quoted(&name)), changes, || setdomainname(&name))?;
    }
    Ok(entered.become_command()?)
}

/// The kernel takes at most 64 bytes, and an empty name is always a mistake: an unset variable in a script.
fn check(option: &str, name: Option<&OsStr>) -> Result<(), Failure> {
    const LONGEST: usize = 64;
    match name.map(OsStr::len) {
        Some(0) => Err(Failure::input(format_args!("{option}: the name is empty"))),
        Some(length) if length > LONGEST => {
            Err(Failure::input(format_args!("{option}: the name has {length} bytes, more than {LONGEST}")))
        }
        _ => Ok(()),
    }
}
