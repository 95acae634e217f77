//! The tree as text.

use crate::forest::{Forest, Picture, Space};
use crate::process::Process;
use crate::users::Names;
use crate::words;
use common::text::width;
use std::env;
use std::io::IsTerminal;

/// How it is written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Lines and arrows of Unicode, or of ASCII.
    unicode: bool,
    /// Cut commands so that a line has at most this many columns.
    columns: Option<usize>,
    /// Namespaces in bold letters.
    bold: bool,
}

impl Style {
    /// What the terminal and the environment ask for: locale(7), and `NO_COLOR`.
    pub fn of_terminal() -> Self {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        let locale = locale.unwrap_or_default().to_string_lossy().to_lowercase();
        let terminal = std::io::stdout().is_terminal();
        let dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        Style {
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            columns: if terminal { common::sys::terminal_columns(std::io::stdout()) } else { None },
            bold: terminal && !dumb && set("NO_COLOR").is_none(),
        }
    }

    fn arrow(self) -> &'static str {
        if self.unicode { " → " } else { " > " }
    }

    /// Before a branch and below it: not the last, then the last.
    fn branch(self, last: bool) -> (&'static str, &'static str) {
        match (self.unicode, last) {
            (true, false) => ("├─ ", "│  "),
            (true, true) => ("└─ ", "   "),
            (false, false) => ("|- ", "|  "),
            (false, true) => ("`- ", "   "),
        }
    }
}

/// Prints all forests, and what could not be shown.
pub fn print(picture: &Picture, style: Style) -> String {
    let writer = Writer { picture, names: Names::read(), style };
    let mut out = String::new();
    for (index, forest) in picture.forests.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        for root in forest.spaces(&forest.roots) {
            writer.space(&mut out, forest, root, "", "");
        }
        for note in words::notes(forest) {
            out.push_str(&format!("({note})\n"));
        }
    }
    let deep = |process: &&Process| process.pids.len() > 1;
    let example = picture.forests.iter().flat_map(|f| &f.spaces).flat_map(|space| &space.processes);
    if let Some(process) = example.map(|place| &picture.processes[*place]).filter(deep).min_by_key(|p| p.pid) {
        let (pids, inside) = (writer.pids(process), process.pids.last().unwrap_or(&process.pid));
        out.push_str(&format!("({pids}: one process, PID {} outside and {inside} inside)\n", process.pid));
    }
    out
}

struct Writer<'a> {
    picture: &'a Picture,
    names: Names,
    style: Style,
}

impl Writer<'_> {
    /// A namespace: `first` stands before its own line, `rest` before all that is below.
    fn space(&self, out: &mut String, forest: &Forest, space: &Space, first: &str, rest: &str) {
        let mut facts = words::facts(space, &self.names);
        facts.extend(words::counts(self.picture, forest, space));
        let (on, off) = if self.style.bold { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
        out.push_str(&format!("{first}{on}{}{off}{facts}\n", words::id(space)));
        let rows: Vec<Row> = words::split(self.picture, space).0.into_iter().map(|p| self.row(forest, p)).collect();
        let widest = |cell: fn(&Row) -> &str| rows.iter().map(|row| width(cell(row))).max().unwrap_or(0);
        let (pids, users) = (widest(|row| &row.pids), widest(|row| &row.users));
        for (index, row) in rows.iter().enumerate() {
            let (branch, _) = self.style.branch(index + 1 == rows.len() && space.children.is_empty());
            let head = format!("{rest}{branch}{}  {}  ", padded(&row.pids, pids), padded(&row.users, users));
            let room = self.style.columns.map(|all| all.saturating_sub(width(&head) + width(&row.note)));
            let command = cut(&row.command, room, self.style.unicode);
            out.push_str(&format!("{head}{command}{}\n", row.note));
        }
        for (index, child) in forest.spaces(&space.children).enumerate() {
            let (branch, below) = self.style.branch(index + 1 == space.children.len());
            self.space(out, forest, child, &format!("{rest}{branch}"), &format!("{rest}{below}"));
        }
    }

    fn pids(&self, process: &Process) -> String {
        process.pids.iter().map(u32::to_string).collect::<Vec<_>>().join(self.style.arrow())
    }

    fn row(&self, forest: &Forest, process: &Process) -> Row {
        let users = match words::users(process, &self.names) {
            (outside, Some(inside)) => format!("{outside}{}{inside}", self.style.arrow()),
            (outside, None) => outside,
        };
        let kinds = self.picture.not_shared(process, forest.kind);
        let note =
            if kinds.is_empty() { String::new() } else { format!("  (not its parent's: {})", words::kinds(&kinds)) };
        Row { pids: self.pids(process), users, command: words::command(process), note }
    }
}

struct Row {
    pids: String,
    users: String,
    command: String,
    note: String,
}

fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Shortens a command to what fits, but never below what tells one from another.
fn cut(text: &str, room: Option<usize>, unicode: bool) -> String {
    const LEAST: usize = 16;
    let Some(room) = room.map(|room| room.max(LEAST)).filter(|room| width(text) > *room) else {
        return text.to_owned();
    };
    let end = if unicode { "…" } else { "..." };
    let mut out = String::new();
    for c in text.chars() {
        if width(&out) + width(c.encode_utf8(&mut [0; 4])) + width(end) > room {
            break;
        }
        out.push(c);
    }
    out + end
}
