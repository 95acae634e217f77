//! Every command in the README, the lessons and the man pages, typed as a reader types it, and its output.

use crate::install::all_tools;
use crate::support::session::Session;
use crate::support::transcript::{Typed, is_seen, manual, markdown, read};
use crate::support::{is_root, is_static, need, patience, sh};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

crate::tests![
    readme,
    lessons,
    other_pages,
    manuals,
    both_languages_say_the_same,
    every_lesson_is_in_the_index,
    what_is_named_is_there,
    dependencies,
    exemptions_are_used,
    a_lie_is_found,
];

/// What a reader types and this test does not: how it begins, and why.
const EXEMPT: &[(&str, &str)] = &[
    ("make", "builds, installs, or runs this very suite"),
    ("UNSHARE_TOOLS=", "runs this very suite"),
    ("PATH=", "the tools are on PATH already"),
    (".ci/run", "runs this very suite"),
    ("systemd-run --user", "needs systemd, and cgroup v2 with memory and pids: `limit` and the virtual machine"),
    ("sudo", "changes the machine"),
    ("limit-cgroup --memory", "needs cgroup v2 with memory, cpu and pids: `limit` and the virtual machine"),
    ("unshare-user --map-auto", "needs subordinate IDs: `user`"),
    ("unshare-net --keep /run/netns/web", "binds in the host's /run: `keep` and `net`, with names of their own"),
    ("apt-get install", "changes the machine"),
    ("unshare-net -- sh examples/two-servers.sh", "the test `net_scene` runs it"),
];

/// Typed only by a real root: what it takes.
const ROOT_ONLY: &[(&str, &str)] = &[("unshare-ipc --sysctl", "kernels up to 6.1 leave the setting to real root")];

/// Pages whose blocks another test compares.
const ELSEWHERE: &[(&str, &str)] = &[
    ("docs/refusals.md", "`refusals` provokes each and compares the page"),
    ("docs/refusals-of-peers.md", "`peers` provokes each, and compares what is printed with the page"),
];

/// What the pages take beside the tools and bash.
const NEEDED: [&str; 7] = ["busybox", "hostname", "ip", "ipcs", "perl", "ping", "ps"];

/// The tree of the documents: the suite may run from a copy of it.
fn root() -> PathBuf {
    let here = Path::new(".");
    if here.join("docs/lessons").exists() { here.to_owned() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("..") }
}

/// The files of a directory whose names end so, in order, from the root.
fn pages(dir: &str, end: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(dir)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(end)).map(|name| format!("{dir}/{name}")).collect();
    pages.sort();
    pages
}

fn man_pages() -> Vec<String> {
    [pages("man", ".1"), pages("man", ".7")].concat()
}

fn text(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

fn transcripts(page: &str) -> Vec<Vec<Typed>> {
    let text = text(page);
    let blocks = if page.ends_with(".md") { markdown(&text) } else { manual(&text) };
    read(blocks).unwrap_or_else(|why| panic!("{page}: {why}"))
}

/// With these words, not only with these letters.
fn begins(command: &str, words: &str) -> bool {
    command.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ') || words.ends_with('='))
}

fn is_exempt(command: &str) -> bool {
    let is_listed = |list: &[(&str, &str)]| list.iter().any(|(begin, _)| begins(command, begin));
    is_listed(EXEMPT) || (!is_root() && is_listed(ROOT_ONLY)) || (command.contains(" /tools/") && !is_static())
}

fn opens_a_shell(command: &str) -> bool {
    command.ends_with(" -- bash")
}

/// Types a command. One that only looks is typed again while it does not show what it should: what was started in the
/// background may need a moment.
fn look(session: &mut Session, typed: &Typed) -> Result<Vec<String>, String> {
    let end = Instant::now() + Duration::from_secs(5) * patience();
    loop {
        let seen = session.type_line(&typed.command)?;
        if !typed.command.starts_with("nstree") || is_seen(&typed.output, &seen) || Instant::now() > end {
            return Ok(seen);
        }
    }
}

/// Types a page, and gives what was not seen.
fn type_page(page: &str, blocks: &[Vec<Typed>]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut sessions: [(char, Option<Session>); 2] = [('$', None), ('#', None)];
    // The terminal that the reader is at, and how many shells are open inside its own.
    let (mut at, mut inside) = ('$', 0);
    for block in blocks {
        for typed in block.iter().filter(|typed| !is_exempt(&typed.command)) {
            if inside == 0 {
                at = typed.prompt;
            }
            if opens_a_shell(&typed.command) {
                inside += 1;
            } else if typed.command == "exit" {
                inside -= 1;
            }
            let (prompt, session) = sessions.iter_mut().find(|(prompt, _)| *prompt == at).expect("a terminal");
            let seen = match look(session.get_or_insert_with(|| Session::open(*prompt)), typed) {
                Ok(seen) => seen,
                Err(why) => {
                    wrong.push(format!("{page}:{}: {}: {why}", typed.line, typed.command));
                    return wrong;
                }
            };
            if !is_seen(&typed.output, &seen) {
                let lines = |lines: &[String]| lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
                wrong.push(format!(
                    "{page}:{}: {} {}\n  is said to show\n{}  and shows\n{}",
                    typed.line,
                    typed.prompt,
                    typed.command,
                    lines(&typed.output),
                    lines(&seen)
                ));
            }
        }
    }
    for session in sessions.into_iter().filter_map(|(_, session)| session) {
        session.close();
    }
    wrong
}

fn type_pages(pages: &[String]) {
    need("bash");
    NEEDED.iter().for_each(|program| need(program));
    let filter = std::env::var("PAGE").unwrap_or_default();
    let wrong: Vec<String> = pages
        .iter()
        .filter(|page| page.contains(&filter))
        .flat_map(|page| type_page(page, &transcripts(page)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn readme() {
    type_pages(&pages(".", ".md"));
}

fn lessons() {
    let mut pages = pages("docs/lessons", ".md");
    // The others have the same transcripts: below.
    pages.retain(|page| !page.ends_with(".ja.md"));
    assert!(pages.len() > 9, "{pages:?}");
    type_pages(&pages);
}

fn other_pages() {
    let mut pages = pages("docs", ".md");
    pages.retain(|page| ELSEWHERE.iter().all(|(other, _)| page != other));
    type_pages(&pages);
}

fn manuals() {
    type_pages(&man_pages());
}

fn both_languages_say_the_same() {
    let typed = |page: &str| -> Vec<Vec<(char, String, Vec<String>)>> {
        let one = |typed: Typed| (typed.prompt, typed.command, typed.output);
        transcripts(page).into_iter().map(|block| block.into_iter().map(one).collect()).collect()
    };
    let headings = |page: &str| text(page).lines().filter(|line| line.starts_with('#')).count();
    for page in pages("docs/lessons", ".md").iter().filter(|page| !page.ends_with(".ja.md")) {
        let japanese = page.replace(".md", ".ja.md");
        assert_eq!(typed(page), typed(&japanese), "{page} and {japanese}");
        assert_eq!(headings(page), headings(&japanese), "the headings of {page} and {japanese}");
    }
}

fn every_lesson_is_in_the_index() {
    for (index, end, other) in [("README.md", ".md", ".ja.md"), ("README.ja.md", ".ja.md", "\0")] {
        let index = text(&format!("docs/lessons/{index}"));
        for page in pages("docs/lessons", end).iter().filter(|page| !page.ends_with(other)) {
            let name = page.rsplit('/').next().expect("a name");
            assert!(name.starts_with("README") || index.contains(&format!("({name})")), "{name} is not in its index");
        }
    }
}

/// Each target of make; in the prose each option of ours, and each file that is linked to.
fn what_is_named_is_there() {
    let mut wrong = Vec::new();
    let makefile = text("Makefile");
    for typed in all_typed().iter().filter(|typed| begins(&typed.command, "make")) {
        let words = typed.command.split(" #").next().unwrap_or_default().split_whitespace();
        for target in words.filter(|word| !["make", "&&"].contains(word) && !word.contains('=')) {
            if !makefile.lines().any(|line| line.starts_with(&format!("{target}:"))) {
                wrong.push(format!("the Makefile has no {target}"));
            }
        }
    }
    for page in all_pages().iter().filter(|page| page.ends_with(".md")) {
        let text = text(page);
        let prose: String = text.split("```").step_by(2).collect();
        for code in prose.split('`').skip(1).step_by(2) {
            let page_of = code.strip_prefix("man ").and_then(|words| words.split(' ').next_back());
            if let Some(name) = page_of.filter(|name| name.starts_with("unshare-") || is_ours(name)) {
                if ![1, 7].iter().any(|section| root().join(format!("man/{name}.{section}")).exists()) {
                    wrong.push(format!("{page}: no man page {name}"));
                }
            }
            let mut help = None;
            for word in code.split_whitespace() {
                if is_ours(word) {
                    help = Some((word, sh(&format!("{word} --help")).out));
                } else if let Some((tool, help)) = help.as_ref().filter(|_| word.starts_with("--") && word.len() > 2) {
                    let option = word.split('=').next().unwrap_or(word);
                    if !help.split(|c: char| c.is_whitespace() || c == '=' || c == '[' || c == ',').any(|w| w == option)
                    {
                        wrong.push(format!("{page}: {tool} has no {option}"));
                    }
                }
            }
        }
        let folder = root().join(page).parent().expect("a folder").to_owned();
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !link.is_empty() && !link.contains("://") && !folder.join(link).exists() {
                wrong.push(format!("{page}: no {link}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The README's list of dependencies has them all and no other, and no member has one beside them.
fn dependencies() {
    let listed: Vec<String> = text("README.md")
        .split("\n## Dependencies\n")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("the section")
        .lines()
        .filter_map(|row| row.strip_prefix("| `")?.split('`').next().map(str::to_owned))
        .collect();
    let tables = |manifest: &str, begin: &str| -> Vec<String> {
        let text = text(manifest);
        let tables =
            text.split("\n[").filter(|table| table.split(']').next().is_some_and(|name| name.ends_with(begin)));
        let lines = tables.flat_map(|table| table.lines().skip(1)).filter(|line| line.contains('='));
        lines.filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    };
    let name = |line: &String| line.split(['.', ' ']).next().unwrap_or_default().to_owned();
    let mut known: Vec<String> = tables("Cargo.toml", "dependencies").iter().map(name).collect();
    known.retain(|name| name != "common");
    known.sort();
    let mut sorted = listed.clone();
    sorted.sort();
    assert_eq!(sorted, known, "the README's list, and Cargo.toml's");
    for member in all_tools().chain(["common", "tests"]) {
        for line in tables(&format!("{member}/Cargo.toml"), "dependencies") {
            assert!(line.contains("workspace = true"), "{member}: {line}");
        }
        assert!(!root().join(member).join("build.rs").exists(), "{member} has a build script");
    }
}

/// A tool of ours: where they are installed there are others beside them.
fn is_ours(word: &str) -> bool {
    all_tools().any(|tool| tool == word)
}

fn all_pages() -> Vec<String> {
    [pages(".", ".md"), pages("docs/lessons", ".md"), pages("docs", ".md"), man_pages()].concat()
}

fn all_typed() -> Vec<Typed> {
    all_pages()
        .iter()
        .filter(|page| ELSEWHERE.iter().all(|(other, _)| page != other))
        .flat_map(|page| transcripts(page).concat())
        .collect()
}

/// A list that grows and never shrinks would hide what is not run.
fn exemptions_are_used() {
    let typed = all_typed();
    for (begin, why) in [EXEMPT, ROOT_ONLY].concat() {
        assert!(typed.iter().any(|typed| begins(&typed.command, begin)), "no document says {begin:?} ({why})");
    }
    for (page, why) in ELSEWHERE {
        assert!(root().join(page).exists(), "no {page} ({why})");
    }
}

/// The test itself: it finds a wrong output, a missing line, one too many, and a command that fails.
fn a_lie_is_found() {
    need("bash");
    let wrong = |page: &str| type_page("a page", &read(markdown(page)).expect("a transcript")).len();
    let truth = "    $ unshare-user -- sh -c 'id -u; id -un; echo $$'\n    0\n    root\n    12345\n";
    assert_eq!(wrong(truth), 0);
    assert_eq!(wrong(&truth.replace("    root\n", "    ...\n")), 0);
    for (from, to) in [
        ("    0\n", "    1\n"),
        ("    root\n", ""),
        ("12345", "12x"),
        ("12345\n", "12345\n    more\n"),
        ("unshare-user", "no-such"),
    ] {
        assert_eq!(wrong(&truth.replace(from, to)), 1, "{from:?} -> {to:?}");
    }
    assert!(read(markdown("text\n\n    not a transcript\n")).is_err());
    assert!(read(markdown("```text\nnot a transcript\n```\n")).is_ok_and(|blocks| blocks.is_empty()));
    let manual = read(manual(".EX\n# unshare\\-uts \\-\\- true\n\\&...\n.EE\n")).expect("a transcript").concat();
    assert_eq!((manual[0].prompt, manual[0].command.as_str()), ('#', "unshare-uts -- true"));
}
