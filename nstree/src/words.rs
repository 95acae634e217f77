//! The words that the text and the drawing have in common.

use crate::forest::{Forest, Picture, Space};
use crate::kind::Kind;
use crate::process::Process;
use crate::users::Names;
use common::text::harmless;

/// `1 process`, `2 processes`.
pub fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// The processes and the kernel threads among the shown ones of a namespace.
pub fn split<'a>(picture: &'a Picture, space: &Space) -> (Vec<&'a Process>, usize) {
    let all = space.processes.iter().map(|place| &picture.processes[*place]);
    let processes: Vec<&Process> = all.filter(|process| !process.kernel).collect();
    let threads = space.processes.len() - processes.len();
    (processes, threads)
}

/// `pid:[4026531836]`
pub fn id(space: &Space) -> String {
    format!("{}:[{}]", space.kind.name(), space.id)
}

/// What is said of a namespace besides its number.
pub fn facts(space: &Space, names: &Names) -> Vec<String> {
    let mut facts = Vec::new();
    if space.is_initial() {
        facts.push("initial".to_owned());
    }
    if let Some(uid) = space.made_by.filter(|_| !space.is_initial()) {
        facts.push(format!("made by {}", harmless(&names.outside(uid))));
    }
    let files: Vec<String> = space.kept.iter().map(|file| harmless(&file.to_string_lossy())).collect();
    if !files.is_empty() {
        facts.push(format!("kept by {}", files.join(", ")));
    }
    facts
}

/// How many are in a namespace. Nothing for one of another kind, which is there for what it owns.
pub fn counts(picture: &Picture, forest: &Forest, space: &Space) -> Vec<String> {
    let mut counts = Vec::new();
    if space.kind != forest.kind {
        return counts;
    }
    let (processes, threads) = split(picture, space);
    if !processes.is_empty() {
        counts.push(count(processes.len(), "process", "processes"));
    }
    if threads > 0 {
        counts.push(count(threads, "kernel thread", "kernel threads"));
    }
    if !space.others.is_empty() {
        counts.push(format!("{} not shown", count(space.others.len(), "other", "others")));
    }
    if counts.is_empty() {
        counts.push("no process".to_owned());
    }
    counts
}

/// The user of a process outside, and inside where that is another number.
pub fn users(process: &Process, names: &Names) -> (String, Option<String>) {
    let inside = process.uid_inside.filter(|inside| *inside != process.uid);
    (harmless(&names.outside(process.uid)), inside.map(|uid| names.inside(uid)))
}

/// The command, harmless and in one line.
pub fn command(process: &Process) -> String {
    let command = harmless(&process.command());
    if process.zombie() { format!("{command} (zombie)") } else { command }
}

/// The names of kinds, with commas.
pub fn kinds(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

/// What is said to somebody who could not read all; root may be refused too, by a process that has more capabilities.
fn remedy() -> &'static str {
    if nix::unistd::geteuid().is_root() { "" } else { "; root may" }
}

/// How many processes are missing.
pub fn unread(forest: &Forest) -> Option<String> {
    let who = count(forest.unread, "process is", "processes are");
    let why = format!("this user may not read in which {} namespace", forest.kind.name());
    (forest.unread > 0).then(|| format!("{who} not shown: {why}{}", remedy()))
}

/// What could not be shown of a kind, a sentence each.
pub fn notes(forest: &Forest) -> Vec<String> {
    let mut notes = Vec::from_iter(unread(forest));
    if forest.half_read > 0 {
        let who = count(forest.half_read, "process", "processes");
        notes.push(format!("of {who} this user may not read what else is not shared{}", remedy()));
    }
    if forest.left > 0 {
        let who = count(forest.left, "zombie is", "zombies are");
        notes.push(format!("{who} not shown: in no {} namespace any more", forest.kind.name()));
    }
    notes
}
