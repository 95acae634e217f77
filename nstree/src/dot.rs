//! The tree as a drawing for Graphviz (dot(1)): a box a namespace, inside the box of the one around it; a card a process.
//!
//! The outermost boxes bring their own light ground, so that the figure reads on a light and on a dark page.

use crate::forest::{Forest, Picture, Space};
use crate::kind::Kind;
use crate::process::Process;
use crate::users::Names;
use crate::words;
use common::text::harmless;
use std::fmt::Write;

/// A namespace with more processes shows only those that matter for the tree: a figure is read at one glance.
const CROWD: usize = 6;
/// A program's name, and its arguments, are cut after so many characters.
const LONGEST_COMMAND: usize = 30;
/// The ground of a namespace by its depth.
const GROUNDS: [&str; 4] = ["#f6f8fb", "#e3ecf7", "#cfdff2", "#bcd2ec"];
const LINE: &str = "#5f7896";
/// The rule on a card, below its title.
const RULE: &str = "#c3cfdd";
const INK: &str = "#1b2733";
const PALE: &str = "#566575";
/// Reads on the page itself, light or dark.
const NOTE: &str = "#7d8793";
const ACCENT: &str = "#9a3412";

/// Prints all forests as one drawing.
pub fn print(picture: &Picture) -> String {
    let mut writer = Writer { picture, names: Names::read(), out: String::new() };
    writer.line(0, "digraph nstree {");
    writer.line(1, "graph [bgcolor=\"transparent\", nodesep=0.35, ranksep=0.45, pad=0.1, labeljust=l, labelloc=b,");
    writer.line(1, &format!("       fontname=\"Helvetica,Arial,sans-serif\", fontsize=13, fontcolor=\"{INK}\"]"));
    writer.line(1, "node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", margin=\"0.16,0.07\",");
    writer.line(1, &format!("      color=\"{LINE}\", fontname=\"Helvetica,Arial,sans-serif\", fontsize=12,"));
    writer.line(1, &format!("      fontcolor=\"{INK}\"]"));
    writer.line(1, &format!("edge [color=\"{LINE}\", arrowsize=0.6]"));
    for forest in &picture.forests {
        let shown = writer.shown(forest);
        for root in forest.spaces(&forest.roots) {
            writer.space(forest, root, &shown, 0);
        }
        writer.edges(forest, &shown);
    }
    let unread: Vec<String> = picture.forests.iter().filter_map(words::unread).map(|note| html(&note)).collect();
    if !unread.is_empty() {
        writer.line(1, &format!("label=<<font point-size=\"10\" color=\"{NOTE}\">{}</font>>", unread.join("<br/>")));
    }
    writer.line(0, "}");
    writer.out
}

struct Writer<'a> {
    picture: &'a Picture,
    names: Names,
    out: String,
}

impl Writer<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.out, "{:1$}{text}", "", depth * 4);
    }

    /// The processes that get a card: all of a small namespace; of a crowded one PID 1 and those that have a child in
    /// another namespace of this kind.
    fn shown(&self, forest: &Forest) -> Vec<u32> {
        let mut shown = Vec::new();
        for space in &forest.spaces {
            let processes = words::split(self.picture, space).0;
            if processes.len() <= CROWD {
                shown.extend(processes.iter().map(|process| process.pid));
            } else {
                shown.extend(processes.iter().filter(|p| is_first(forest, p)).map(|process| process.pid));
            }
            for process in processes {
                let parent = self.picture.chosen(process.parent).filter(|parent| !parent.kernel);
                if let Some(parent) = parent.filter(|p| p.namespace(forest.kind).is_some_and(|id| id != space.id)) {
                    shown.extend([parent.pid, process.pid]);
                }
            }
        }
        shown
    }

    fn space(&mut self, forest: &Forest, space: &Space, shown: &[u32], depth: usize) {
        let name = format!("{}_{}", forest.kind.name(), space.id);
        let mut facts = vec![words::id(space)];
        facts.extend(words::facts(space, &self.names));
        let label = format!(
            "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\">\
             <tr><td align=\"left\"><b>{}</b></td></tr>\
             <tr><td align=\"left\"><font point-size=\"10\" color=\"{PALE}\">{}</font></td></tr></table>",
            space.kind.title(),
            html(&facts.join(", "))
        );
        let indent = depth + 1;
        self.line(indent, &format!("subgraph \"cluster_{name}\" {{"));
        let owner = space.kind != forest.kind;
        let style = if owner { "rounded,filled,dashed" } else { "rounded,filled" };
        let ground = GROUNDS[depth.min(GROUNDS.len() - 1)];
        self.line(
            indent + 1,
            &format!("style=\"{style}\"; fillcolor=\"{ground}\"; color=\"{LINE}\"; margin=14; label=<{label}>"),
        );
        let (processes, threads) = words::split(self.picture, space);
        let (cards, rest): (Vec<_>, Vec<_>) = processes.into_iter().partition(|process| shown.contains(&process.pid));
        for process in &cards {
            let card = self.card(forest, process);
            self.line(indent + 1, &card);
        }
        let more = more(rest.len() + space.others.len(), threads, cards.is_empty());
        if !more.is_empty() || (cards.is_empty() && space.children.is_empty()) {
            let text = if more.is_empty() { "no process" } else { &more };
            let label = format!("<font point-size=\"11\" color=\"{PALE}\"><i>{text}</i></font>");
            self.line(indent + 1, &format!("more_{name} [shape=plaintext, style=\"\", label=<{label}>]"));
        }
        for child in forest.spaces(&space.children) {
            self.space(forest, child, shown, depth + 1);
        }
        self.line(indent, "}");
    }

    fn card(&self, forest: &Forest, process: &Process) -> String {
        let small = |color: &str, text: &str| format!("<font point-size=\"10\" color=\"{color}\">{text}</font>");
        // Where the program lies is of no use in a figure.
        let command = words::command(process);
        let (program, arguments) = command.split_once(' ').unwrap_or((&command, ""));
        let program = program.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(program);
        let mut rows = vec![format!("<b>{}</b>", html(&cut(program)))];
        if !arguments.trim().is_empty() {
            rows.push(small(PALE, &html(&cut(arguments.trim()))));
        }
        let title = rows.len();
        // One face a line: a reader's font may be wider than the one that this is laid out with.
        let (inside, outside) = process.pids.split_last().unwrap_or((&process.pid, &[]));
        rows.push(format!("<b>PID {inside}</b>"));
        let outside: Vec<String> = outside.iter().rev().map(u32::to_string).collect();
        if !outside.is_empty() {
            rows.push(small(PALE, &format!("outside: PID {}", outside.join(", then "))));
        }
        rows.push(small(
            PALE,
            &match words::users(process, &self.names) {
                (outside, Some(inside)) => format!("user {}, outside: {}", html(&inside), html(&outside)),
                (outside, None) => format!("user {}", html(&outside)),
            },
        ));
        let kinds = self.picture.not_shared(process, forest.kind);
        if !kinds.is_empty() {
            rows.push(small(ACCENT, &format!("not its parent's: {}", words::kinds(&kinds))));
        }
        let rows: Vec<String> = rows.iter().map(|row| format!("<tr><td>{row}</td></tr>")).collect();
        let table = format!(
            "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"2\" color=\"{RULE}\">{}<hr/><tr><td height=\"3\"></td></tr>{}</table>",
            rows[..title].concat(),
            rows[title..].concat()
        );
        let first = if is_first(forest, process) { ", penwidth=1.8" } else { "" };
        format!("{} [label=<{table}>{first}]", node(forest, process.pid))
    }

    /// From each card to those of its children; dashed where processes between them have none.
    fn edges(&mut self, forest: &Forest, shown: &[u32]) {
        let mut edges = Vec::new();
        for process in self.picture.processes.iter().filter(|process| shown.contains(&process.pid)) {
            let (mut parent, mut dashed, mut steps) = (process.parent, false, 0);
            while !shown.contains(&parent) {
                let Some(next) = self.picture.process(parent).filter(|_| steps < self.picture.processes.len()) else {
                    break;
                };
                (parent, dashed, steps) = (next.parent, true, steps + 1);
            }
            let style = if dashed { " [style=dashed]" } else { "" };
            if shown.contains(&parent) {
                edges.push(format!("{} -> {}{style}", node(forest, parent), node(forest, process.pid)));
            }
        }
        for edge in edges {
            self.line(1, &edge);
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_COMMAND) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// PID 1 of a PID namespace; of the other kinds the one that everything comes from.
fn is_first(forest: &Forest, process: &Process) -> bool {
    if forest.kind == Kind::Pid { process.pids.ends_with(&[1]) } else { process.pids == [1] }
}

fn node(forest: &Forest, pid: u32) -> String {
    format!("{}_{pid}", forest.kind.name())
}

/// What has no card.
fn more(processes: usize, threads: usize, alone: bool) -> String {
    let mut parts = Vec::new();
    if processes > 0 {
        let more = if alone { "" } else { " more" };
        parts.push(format!("{processes}{more} {}", if processes == 1 { "process" } else { "processes" }));
    }
    if threads > 0 {
        parts.push(words::count(threads, "kernel thread", "kernel threads"));
    }
    let and = if alone || parts.is_empty() { "" } else { "and " };
    format!("{and}{}", parts.join(", "))
}

/// Text inside a label of Graphviz's HTML: its marks escaped, what it cannot carry shown harmlessly.
fn html(text: &str) -> String {
    let mut out = String::new();
    for c in harmless(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '[' => out.push_str("&#91;"),
            ']' => out.push_str("&#93;"),
            c => out.push(c),
        }
    }
    out
}
