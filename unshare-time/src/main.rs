//! `unshare-time`: run a command with its own monotonic and boot-time clocks (time_namespaces(7)).
#![forbid(unsafe_code)]
#![no_main]

mod offset;

use clap::Parser;
use common::failure::{Failure, OrHint, errno_of};
use common::link::LinkArgs;
use common::namespace::TIME;
use common::proc;
use common::step::{explaining, next, quietly, shown, step};
use common::view::uptime;
use nix::sched::setns;
use offset::{Clock, Offset};
use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::{self, File};

/// Run a command with its own monotonic and boot-time clocks (time namespace); the date stays the host's
#[derive(Parser, Default)]
#[command(name = "unshare-time", version, args_override_self = true)]
struct Args {
    /// Shift the monotonic clock, inside only: seconds, or with a unit (90, -5s, 1.5h, 30d)
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    monotonic: Option<OsString>,

    /// Shift the boot-time clock, and with it the uptime, inside only
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    boottime: Option<OsString>,

    #[command(flatten)]
    link: LinkArgs,
}

common::begin!(common::start::start(env!("CARGO_PKG_NAME"), run, |link| Args { link, ..Args::default() }));

fn run(args: Args) -> anyhow::Result<Infallible> {
    let monotonic = args.monotonic.map(|text| Offset::parse(Clock::Monotonic, &text)).transpose()?;
    let boottime = args.boottime.map(|text| Offset::parse(Clock::Boottime, &text)).transpose()?;
    let entered = args.link.enter(&TIME)?;
    for offset in [monotonic, boottime].into_iter().flatten() {
        set(offset)?;
    }
    join()?;
    Ok(entered.become_command()?)
}

const OFFSETS: &str = "/proc/self/timens_offsets";

/// Writes one line of the offsets. They can be written until the namespace has its first process.
fn set(offset: Offset) -> Result<(), Failure> {
    let so_far = quietly(format_args!("read({OFFSETS:?})"), || fs::read_to_string(OFFSETS).map_err(errno_of))
        .or_hint(offset::hint)?;
    let line = offset.on_top_of(&so_far).to_string();
    next(offset.about());
    let changes = "seconds and nanoseconds that are added to the machine's own clock, for whoever will be in there";
    step(format_args!("write({OFFSETS:?}, {line:?})"), changes, || proc::set(OFFSETS, line.as_bytes()))
        .or_hint(offset::hint)
}

/// Moves this process itself into the namespace, which unshare(2) made for its children only. From Linux 5.11 on
/// execve(2) would do so too, and 6.1 shows that one cannot rely on it.
fn join() -> Result<(), Failure> {
    let path = TIME.path();
    let file = quietly(format_args!("open({path:?})"), || File::open(&path).map_err(errno_of)).or_hint(offset::hint)?;
    next("this process is to be in it itself, without a child");
    let before = if explaining() { uptime() } else { String::new() };
    let changes =
        shown(|| format!("timers, waits and the uptime go by its clocks: {} in here, {before} outside", uptime()));
    step(format_args!("setns({path:?}, CLONE_NEWTIME)"), changes, || setns(&file, TIME.flag()))
}
