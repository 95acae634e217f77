//! `limit-cgroup`: run a command within limits of memory, CPU time and processes (cgroups(7), version 2).
#![forbid(unsafe_code)]
#![no_main]

mod amount;
mod controllers;
mod group;
mod guard;
mod hint;
mod knob;
mod place;
mod tree;

use clap::Parser;
use common::failure::Failure;
use common::link::CommandArgs;
use common::step::{next, still_shared};
use common::supervise::{Shape, supervise};
use group::{Group, join};
use knob::Knob;
use place::Place;
use std::convert::Infallible;
use std::ffi::OsString;

/// Run a command within limits of memory, CPU time and processes (control group, version 2)
#[derive(Parser, Default)]
#[command(name = "limit-cgroup", version, args_override_self = true)]
struct Args {
    /// The most memory, without swap unless --set gives it some: 512M, 1.5G, max
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    memory: Option<OsString>,

    /// The most CPU time, in CPUs: 0.5, 2, max
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    cpus: Option<OsString>,

    /// The most processes and threads at a time
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    pids_limit: Option<OsString>,

    /// Write VALUE to a control file of the group: memory.high=400M
    #[arg(long, value_name = "FILE=VALUE")]
    set: Vec<OsString>,

    /// Make the group in GROUP [default: the group of this process]
    #[arg(long, value_name = "GROUP")]
    parent: Option<OsString>,

    /// The group's name [default: one that is free]
    #[arg(long, value_name = "NAME")]
    name: Option<OsString>,

    #[command(flatten)]
    command: CommandArgs,
}

common::begin!(common::start::start(env!("CARGO_PKG_NAME"), run, |command| Args { command, ..Args::default() }));

fn run(args: Args) -> anyhow::Result<Infallible> {
    let knobs = args.knobs()?;
    args.name.as_deref().map_or(Ok(()), knob::check_name)?;
    let command = args.command.prepare()?;
    let parent = tree::parent(args.parent.as_deref())?;
    let needed = controllers::needed(&parent, &knobs)?;

    let tells = knobs.iter().any(|knob| knob.controller() == Some("memory"));
    let mut group = Group::make(Place::new(parent, args.name), tells)?;
    controllers::enable(&mut group, &needed)?;
    let directory = group.directory();
    for knob in &knobs {
        knob.set(&directory)?;
    }
    group.check_thawed()?;
    supervise(
        Shape::Ordinary,
        |_| Ok(group),
        || {
            next("this process is to be in the group, before it is the command");
            join(&directory, "0")?;
            still_shared("all that the command sees: a group bounds what its processes may use, and hides nothing");
            next("the command; when it has ended, what it left in the group is killed, and the group is removed");
            Ok(command.execute()?)
        },
    )
}

impl Args {
    /// What is to be written, in order.
    fn knobs(&self) -> Result<Vec<Knob>, Failure> {
        let mut knobs = Vec::new();
        let set: Vec<Knob> = self.set.iter().map(|text| Knob::parse(text)).collect::<Result<_, _>>()?;
        if let Some(size) = &self.memory {
            let bytes = amount::memory(size)?;
            if bytes != "max" && !set.iter().any(|knob| knob.file == "memory.swap.max") {
                knobs.push(Knob::no_swap());
            }
            knobs.push(Knob::new("memory.max", bytes, "who takes more is killed, here and not outside"));
        }
        if let Some(number) = &self.cpus {
            let changes =
                "microseconds of CPU time in each period: the group waits for the next one when it has used them";
            knobs.push(Knob::new("cpu.max", amount::cpus(number)?, changes));
        }
        if let Some(number) = &self.pids_limit {
            knobs.push(Knob::new("pids.max", amount::pids(number)?, "at this number, fork gives EAGAIN"));
        }
        knobs.extend(set);
        Ok(knobs)
    }
}
