//! What a test of nstree built, and the ways to look at it.

use super::json::Json;
use super::{descendants, eventually, kill_group, lives, script, sh};
use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};

/// What a test built: it ends with the test.
pub struct Stage(Child);

impl Stage {
    /// Starts it, and waits until `is_ready` of its PID.
    #[track_caller]
    pub fn start(mut command: Command, is_ready: impl Fn(u32) -> bool) -> Stage {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let stage = Stage(child.expect("a process"));
        eventually("the stage is set", || is_ready(stage.pid()));
        stage
    }

    /// A shell command, ready when this many of the processes below it are named `name`.
    #[track_caller]
    pub fn with(text: &str, count: usize, name: &str) -> Stage {
        let named = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
        Stage::start(script(text), |pid| {
            let all = [vec![pid], descendants(pid)].concat();
            all.iter().filter(|pid| named(pid)).count() == count
        })
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Nstree of this stage alone.
    #[track_caller]
    pub fn show(&self, options: &str) -> String {
        nstree(&format!("{options} {}", self.pid()))
    }

    /// The same as JSON: the namespaces of the one kind.
    #[track_caller]
    pub fn read(&self, options: &str) -> Vec<Json> {
        let tree = Json::read(&self.show(&format!("--json {options}")));
        tree.get("trees").list()[0].get("namespaces").list().to_vec()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let all = descendants(self.pid());
        kill_group(&self.0);
        let _ = self.0.wait();
        eventually("the stage is empty", || all.iter().all(|pid| !lives(*pid)));
    }
}

#[track_caller]
pub fn nstree(options: &str) -> String {
    let seen = sh(&format!("LC_ALL=C.UTF-8 nstree {options}"));
    assert_eq!(seen.err, "", "{seen:#?}");
    format!("{}\n", seen.ok())
}

fn status(pid: u32) -> Option<String> {
    fs::read(format!("/proc/{pid}/status")).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

pub fn field(pid: u32, name: &str) -> Option<String> {
    common::proc::field(&status(pid)?, name).map(str::to_owned)
}

pub fn namespace(pid: u32, kind: &str) -> Option<u64> {
    let link = fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok()?;
    link.to_str()?.split(['[', ']']).nth(1)?.parse().ok()
}

pub fn numbers(list: &Json) -> Vec<u64> {
    list.list().iter().map(Json::number).collect()
}

/// Every process below a value, by PID.
pub fn processes(value: &Json) -> BTreeMap<u32, Json> {
    let mut found = BTreeMap::new();
    match value {
        Json::List(values) => values.iter().for_each(|value| found.extend(processes(value))),
        Json::Object(fields) if fields.contains_key("pids") => {
            found.insert(u32::try_from(value.get("pid").number()).expect("a PID"), value.clone());
        }
        Json::Object(fields) => fields.values().for_each(|value| found.extend(processes(value))),
        _ => {}
    }
    found
}
