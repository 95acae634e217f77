//! Give the namespace its maps: user_namespaces(7).

use crate::hint::table::HELPER_GONE;
use crate::hint::{self, MapStep};
use crate::kind::Kind;
use crate::plan::{Plan, Side, Writer};
use crate::program::{Trouble, answer, find};
use crate::subid;
use common::failure::{Failure, OrHint};
use common::outside::{Job, Outside};
use common::proc;
use common::step::{next, quietly, shown, step};
use common::sys;
use nix::errno::Errno;
use nix::unistd::{getpid, getuid};
use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;

/// The maps to be, and the process that stays outside to write them, where one is needed.
pub struct Maps {
    plan: Plan,
    outside: Option<Outside>,
}

impl Maps {
    /// Before unshare(2).
    ///
    /// # Errors
    /// The helper could not be started.
    pub fn prepare(plan: Plan) -> Result<Self, Failure> {
        let tasks: VecDeque<Task> = plan.sides().filter_map(Task::of).collect();
        if tasks.is_empty() {
            return Ok(Maps { plan, outside: None });
        }
        let call = "pidfd_open(this process)";
        let tool = quietly(call, || sys::pidfd(getpid()))?;
        let outside = Outside::fork(Helper { tasks, tool, said: String::new() })?;
        Ok(Maps { plan, outside: Some(outside) })
    }

    /// Writes them. After unshare(2). The helper is reaped.
    ///
    /// # Errors
    /// What was refused.
    pub fn write(self) -> Result<(), Failure> {
        let Maps { plan, mut outside } = self;
        if let Some(side) = &plan.users {
            side.write(outside.as_mut())?;
        }
        if let Some(word) = plan.setgroups {
            next("whether groups can be left in here, before there are any");
            let call = shown(|| format!("write(/proc/self/setgroups, \"{word}\")"));
            let changes = match word {
                "deny" => "nobody in here can leave a group: a file that is closed to one stays closed",
                _ => "who has CAP_SETGID in here can leave groups, and join those that are mapped",
            };
            step(call, changes, || write("self", "setgroups", word))
                .or_hint(|errno| hint::map(MapStep { maps_outer_root: false, capabilities: 0 }, errno))?;
        }
        if let Some(side) = &plan.groups {
            side.write(outside.as_mut())?;
        }
        if let Some(outside) = outside {
            outside.leave()?;
        }
        Ok(())
    }
}

impl Side {
    fn write(&self, outside: Option<&mut Outside>) -> Result<(), Failure> {
        let (file, map, word) = (self.kind.map_file(), &self.map, self.kind.word());
        next(format_args!("the map of {word} IDs, which can be written only once"));
        let changes = shown(|| map.meaning(word));
        let why = |errno| match errno {
            Errno::EPIPE | Errno::ETIMEDOUT => HELPER_GONE.with([]).into(),
            _ => hint::map(self.step, errno),
        };
        match (self.writer, outside) {
            (Writer::Program, Some(outside)) => {
                let call = format!("{} {}", self.kind.program(), self.map.words().join(" "));
                step(&call, changes, || outside.perform()).map_err(|failure| match outside.said() {
                    "" => failure.hint(HELPER_GONE.with([])),
                    said => {
                        let (trouble, hint) = said.split_once('\n').unwrap_or((said, ""));
                        Failure::input(format_args!("{call}: {trouble}")).hint(hint.to_owned())
                    }
                })
            }
            (Writer::Outside, Some(outside)) => {
                step(format_args!("write(/proc/PID/{file}, {map})"), changes, || outside.perform()).or_hint(why)
            }
            _ => step(format_args!("write(/proc/self/{file}, {map})"), changes, || write("self", file, &map.text()))
                .or_hint(why),
        }
    }
}

/// One thing that the helper does.
enum Task {
    Write(&'static str, String),
    Run(Kind, Vec<String>),
}

impl Task {
    fn of(side: &Side) -> Option<Self> {
        match side.writer {
            Writer::Inside => None,
            Writer::Outside => Some(Task::Write(side.kind.map_file(), side.map.text())),
            Writer::Program => Some(Task::Run(side.kind, side.map.words())),
        }
    }
}

/// What the helper does: one task at each order.
struct Helper {
    tasks: VecDeque<Task>,
    /// Ready when the tool is gone: a program that runs for it is killed then.
    tool: OwnedFd,
    said: String,
}

impl Job for Helper {
    fn perform(&mut self, tool: &str) -> nix::Result<()> {
        self.said.clear();
        match self.tasks.pop_front() {
            None => Ok(()),
            Some(Task::Write(file, text)) => write(tool, file, &text),
            Some(Task::Run(kind, words)) => {
                let mut command = Command::new(kind.program());
                let result = answer(command.arg(tool).args(words), Some(self.tool.as_fd()));
                result.map(drop).map_err(|trouble| {
                    self.said = format!("{trouble}\n{}", why_failed(kind).unwrap_or_default());
                    match trouble {
                        Trouble::Start(errno) => errno,
                        Trouble::End(..) => Errno::EPERM,
                        Trouble::Slow => Errno::ETIMEDOUT,
                    }
                })
            }
        }
    }

    fn said(&self) -> &str {
        &self.said
    }
}

/// Why newuidmap(1) refused: looked up outside, where files have the owners that it sees.
fn why_failed(kind: Kind) -> Option<String> {
    let user = getuid().as_raw();
    let owner = subid::name(user).unwrap_or_else(|| user.to_string());
    let program = find(kind.program()).unwrap_or_else(|| kind.program().into());
    hint::map_program(&program, [kind.file(), &owner, &subid::shown(&subid::ranges(user, kind))])
}

fn write(process: &str, file: &str, text: &str) -> nix::Result<()> {
    proc::set(format!("/proc/{process}/{file}"), text.as_bytes())
}
