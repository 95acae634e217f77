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
pub fn facts(picture: &Picture, forest: &Forest, space: &Space, names: &Names) -> Vec<String> {
    let mut facts = Vec::new();
    if space.is_initial() {
        facts.push("initial".to_owned());
    }
    if let Some(uid) = space.made_by.filter(|_| !space.is_initial()) {
        facts.push(format!("made by {}", harmless(&names.outside(uid))));
    }
    if space.kind != forest.kind {
        return facts;
    }
    let (processes, threads) = split(picture, space);
    if !processes.is_empty() {
        facts.push(count(processes.len(), "process", "processes"));
    }
    if threads > 0 {
        facts.push(count(threads, "kernel thread", "kernel threads"));
    }
    if space.others > 0 {
        facts.push(format!("{} not shown", count(space.others, "other", "others")));
    }
    if space.processes.is_empty() && space.others == 0 {
        facts.push("no process".to_owned());
    }
    facts.extend(kept(space));
    facts
}

/// The files that keep a namespace.
pub fn kept(space: &Space) -> Option<String> {
    let files: Vec<String> = space.kept.iter().map(|file| harmless(&file.to_string_lossy())).collect();
    (!files.is_empty()).then(|| format!("kept by {}", files.join(", ")))
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

/// What could not be shown of a kind, a sentence each.
pub fn notes(forest: &Forest) -> Vec<String> {
    let mut notes = Vec::new();
    let name = forest.kind.name();
    if forest.unread > 0 {
        let who = count(forest.unread, "process of another user is", "processes of other users are");
        notes.push(format!("{who} not shown: only root may read in which {name} namespace"));
    }
    if forest.half_read > 0 {
        let who = count(forest.half_read, "process belongs", "processes belong");
        notes.push(format!("{who} to other users: only root may read what else is not shared"));
    }
    if forest.left > 0 {
        notes.push(format!("{} not shown: in no {name} namespace any more", count(forest.left, "zombie is", "zombies are")));
    }
    notes
}
