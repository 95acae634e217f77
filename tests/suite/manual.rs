//! The man pages and the completions against the tools' own `--help`, and against the programs that read them.

use crate::install::all_tools;
use crate::support::{Folder, command, need, script, sh, watch};
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

crate::tests![
    options_of_the_pages,
    options_of_bash,
    options_of_zsh,
    options_of_fish,
    sections_that_people_look_for,
    mandoc_is_silent,
    man_is_silent,
    help_fits_and_names_the_page,
];

const PAGES: [(&str, &str); 11] = [
    ("unshare-user", include_str!("../../man/unshare-user.1")),
    ("unshare-pid", include_str!("../../man/unshare-pid.1")),
    ("unshare-mnt", include_str!("../../man/unshare-mnt.1")),
    ("unshare-net", include_str!("../../man/unshare-net.1")),
    ("unshare-uts", include_str!("../../man/unshare-uts.1")),
    ("unshare-ipc", include_str!("../../man/unshare-ipc.1")),
    ("unshare-cgroup", include_str!("../../man/unshare-cgroup.1")),
    ("unshare-time", include_str!("../../man/unshare-time.1")),
    ("limit-cgroup", include_str!("../../man/limit-cgroup.1")),
    ("nstree", include_str!("../../man/nstree.1")),
    ("unshare-tools", include_str!("../../man/unshare-tools.7")),
];

pub const BASH: &str = include_str!("../../completions/bash/unshare-tools");
pub const ZSH: &str = include_str!("../../completions/zsh/_unshare-tools");
pub const FISH: &str = include_str!("../../completions/fish/unshare-tools.fish");

type Options = BTreeSet<String>;

/// The options in a text: words that begin with a dash, without what a value is joined by.
fn options<'a>(words: impl Iterator<Item = &'a str>) -> Options {
    let name = |word: &'a str| word.split(['=', '[', ':', '|', '+']).next().unwrap_or_default().to_owned();
    words.filter(|word| word.starts_with('-')).map(name).filter(|name| !name.trim_matches('-').is_empty()).collect()
}

/// What the tool itself says.
fn of_tool(tool: &str) -> Options {
    let seen = sh(&format!("{tool} --help"));
    // What is further in is a text that goes on.
    let lines = seen.ok().lines().filter(|line| line.len() - line.trim_start().len() <= 6);
    let lines = lines.map(str::trim_start).filter(|line| line.starts_with('-'));
    let found = lines
        .flat_map(|line| options(line.split([' ', ',']).filter(|w| !w.is_empty()).take_while(|w| w.starts_with('-'))));
    let found: Options = found.collect();
    assert!(found.len() >= 4, "{tool}: the help is read: {found:?}");
    found
}

#[track_caller]
fn compare(what: &str, of: impl Fn(&str) -> Options) {
    let mut wrong = Vec::new();
    for tool in all_tools() {
        let (there, tool_has) = (of(tool), of_tool(tool));
        wrong.extend(tool_has.difference(&there).map(|option| format!("{tool} {option} is missing")));
        wrong.extend(there.difference(&tool_has).map(|option| format!("{tool} {option} is no option of the tool")));
    }
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

fn page(tool: &str) -> String {
    let text = PAGES.iter().find(|(name, _)| *name == tool).expect("every tool has a page").1;
    text.replace("\\-", "-").replace("\\fR", "").replace("\\fP", "").replace("\\(aq", "'")
}

fn options_of_the_pages() {
    compare("the page", |tool| {
        let page = page(tool);
        let lines: Vec<&str> = page.lines().collect();
        let tags = lines.windows(2).filter(|pair| pair[0] == ".TP").map(|pair| pair[1]);
        tags.flat_map(|tag| options(tag.split([' ', ',', '"']))).collect()
    });
}

fn options_of_bash() {
    need("bash");
    compare("bash", |tool| {
        let mut bash = command("bash");
        bash.args(["-c", &format!("{BASH}\n_unshare_tools_options {tool}")]);
        options(watch(bash, Duration::from_secs(30)).ok().split_whitespace())
    });
}

fn options_of_zsh() {
    need("zsh");
    compare("zsh", |tool| {
        let mut zsh = command("zsh");
        zsh.args(["-f", "-c", &format!("_arguments() {{ print -rl -- \"$@\" }}; service={tool}\n{ZSH}")]);
        let seen = watch(zsh, Duration::from_secs(30));
        // After the options of _arguments itself; in front of a name stand '*' and a list of those that it excludes.
        let name = |spec: &str| {
            spec.trim_start_matches('*').rsplit_once(')').map_or(spec.to_owned(), |(_, name)| name.to_owned())
        };
        let specs = seen.ok().lines().filter(|spec| spec.contains('['));
        let specs: Vec<String> = specs.map(|spec| name(spec.split('[').next().unwrap_or_default())).collect();
        options(specs.iter().map(|spec| spec.trim_start_matches('*')))
    });
}

fn options_of_fish() {
    need("fish");
    compare("fish", |tool| {
        let mut fish = command("fish");
        fish.args(["--no-config", "-c", &format!("{FISH}\n__unshare_tools_options {tool}")]);
        options(watch(fish, Duration::from_secs(30)).ok().lines())
    });
}

fn sections_that_people_look_for() {
    for (name, text) in PAGES {
        let mut sections = vec!["NAME", "DESCRIPTION", "EXAMPLES", "EXIT STATUS", "NOTES", "SEE ALSO"];
        if name != "unshare-tools" {
            sections.extend(["SYNOPSIS", "OPTIONS"]);
        }
        for section in sections {
            assert!(text.lines().any(|line| line == format!(".SH {section}")), "{name} has no {section}");
        }
    }
}

/// The pages as files, each with its section.
fn files(folder: &Folder) -> Vec<String> {
    let write = |(name, text): (&str, &str)| {
        let file = folder.join(&format!("{name}.{}", if name == "unshare-tools" { 7 } else { 1 }));
        fs::write(&file, text).expect("a file");
        file.display().to_string()
    };
    PAGES.into_iter().map(write).collect()
}

fn mandoc_is_silent() {
    need("mandoc");
    let folder = Folder::new();
    let seen = watch(script(&format!("mandoc -Tlint -W style {}", files(&folder).join(" "))), Duration::from_secs(60));
    assert_eq!((seen.out.as_str(), seen.err.as_str()), ("", ""));
    seen.ok();
}

fn man_is_silent() {
    need("man");
    let folder = Folder::new();
    for file in files(&folder) {
        let seen =
            watch(script(&format!("LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l {file}")), Duration::from_secs(60));
        assert_eq!(seen.err, "", "{file}");
        assert!(seen.ok().contains("SEE ALSO"), "{file}: {seen:?}");
    }
}

fn help_fits_and_names_the_page() {
    for tool in all_tools() {
        let seen = sh(&format!("{tool} --help"));
        let wide: Vec<&str> = seen.ok().lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{tool}: {wide:#?}");
        assert_eq!(seen.ok().lines().last(), Some(format!("The manual: man {tool}, man unshare-tools").as_str()));
    }
}
