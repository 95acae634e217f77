//! Every row of the tables in `docs/mounts.md`: run, and compared with what the row says that it prints.

use crate::support::{Folder, need, sh, user};

crate::tests![table];

const PAGE: &str = include_str!("../../docs/mounts.md");

/// The rows that have a command: what others call it, the command, what it prints.
fn rows() -> Vec<[String; 3]> {
    let cell = |text: &str| text.trim().trim_matches('`').replace("\\|", "|");
    PAGE.lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        // A bar that belongs to a command is written with a backslash.
        .map(|row| row.replace("\\|", "\u{1}"))
        .filter_map(|row| {
            let cells: Vec<String> = row.split(" | ").map(|text| cell(&text.replace('\u{1}', "\\|"))).collect();
            <[String; 3]>::try_from(cells).ok()
        })
        .filter(|[_, command, _]| command.starts_with("unshare-"))
        .collect()
}

/// What the page says is there before each command.
const BEFORE: &str = r#"mkdir src dest up work R R/bin R/proc; echo hello >src/f; cp "$(command -v busybox)" R/bin/; ln -s busybox R/bin/ls; ln -s busybox R/bin/sh"#;

fn table() {
    need("busybox");
    let rows = rows();
    assert!(rows.len() > 30, "the table is read: {} rows", rows.len());
    let mut wrong = Vec::new();
    for [theirs, ours, prints] in rows {
        let f = Folder::new();
        let scene = format!("cd {f}; {BEFORE}; {}{ours}; status=$?; chmod -R u+rwx work; exit $status", user());
        let seen = sh(&scene);
        let printed = seen.out.split_whitespace().collect::<Vec<_>>().join(" ");
        if !seen.status.success() || printed != prints {
            wrong.push(format!("{theirs}: {ours}: {printed:?} for {prints:?}\n{}", seen.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
