//! The kernel's exceptions: all that a caller can notice, each with a program of a few lines that shows the kernel doing
//! it without us. The contract has this list; nothing is added to it.

use crate::support::{Folder, LIMIT, command, need, watch};
use std::path::Path;

/// One exception.
#[derive(Debug, PartialEq, Eq)]
pub struct Exception {
    pub number: u8,
    pub what: &'static str,
    /// The program in `tests/proofs`, and what it prints.
    proof: &'static str,
    prints: &'static str,
}

const fn exception(number: u8, what: &'static str, proof: &'static str, prints: &'static str) -> Exception {
    Exception { number, what, proof, prints }
}

pub const STOP_ALONE: Exception =
    exception(1, "SIGSTOP to the waiting link stops it alone", "stop_alone", "parent stopped, child running");
pub const TWICE: Exception = exception(
    2,
    "a signal sent to the whole process group may arrive twice: once from the kernel, once passed on",
    "twice",
    "sent to the process: code 0, sent to the group: code 0",
);
pub const NO_LEADER: Exception = exception(
    3,
    "the command is no group leader, its group may have no number inside, and its getppid() is 0",
    "no_leader",
    "leader no, group 0, parent 0",
);
pub const CORE_BIT: Exception = exception(
    4,
    "the core-dumped bit of the status may be lost: to set it, the link would have to write a core of its own",
    "core_bit",
    "signal 6, core bit no",
);
pub const ENDS_WITH_IT: Exception = exception(
    5,
    "what the command leaves running ends with it: a PID namespace dies with its PID 1",
    "ends_with_it",
    "orphan gone",
);
pub const SHIELD: Exception = exception(
    6,
    "as PID 1 it ignores signals that it does not handle when they come from inside (its own abort, SIGPIPE, kill $$), or \
     are sent to its own PID instead of the waiting link",
    "shield",
    "from inside: alive, from outside: alive",
);
pub const NO_CORE: Exception = exception(
    7,
    "as PID 1: a core-producing signal from outside kills without a core, since only SIGKILL reaches it",
    "no_core",
    "SIGQUIT: alive, SIGKILL: dead",
);
pub const FORGETS_PARENT: Exception = exception(
    8,
    "as PID 1: one that changes its credentials forgets its parent-death signal",
    "forgets_parent",
    "before 9, after 0",
);
pub const EXITS: Exception = exception(
    9,
    "a waiting link that is itself PID 1 exits with 128+n: no signal of its own ends it",
    "exits",
    "alive",
);

/// All of them.
pub const ALL: [&Exception; 9] =
    [&STOP_ALONE, &TWICE, &NO_LEADER, &CORE_BIT, &ENDS_WITH_IT, &SHIELD, &NO_CORE, &FORGETS_PARENT, &EXITS];

crate::tests![the_kernel_does_it_without_us, the_pages_carry_the_list];

/// The README and the manual have the same list in the same words.
fn the_pages_carry_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tree");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let readme = words(&std::fs::read_to_string(root.join("README.md")).expect("the README"));
    let manual =
        std::fs::read_to_string(root.join("man/unshare-tools.7")).ok().map(|text| words(&plain(&text)).to_lowercase());
    for Exception { number, what, .. } in ALL {
        assert!(readme.contains(&format!("{number}. {}", words(what))), "README.md lacks exception {number}: {what}");
        if let Some(manual) = &manual {
            assert!(manual.contains(&words(what).to_lowercase()), "unshare-tools(7) lacks exception {number}: {what}");
        }
    }
    let section = readme.split("## What differs").nth(1).and_then(|rest| rest.split(" ## ").next()).expect("a section");
    assert!(!section.contains(&format!(" {}. ", ALL.len() + 1)), "the README has an exception more");
}

/// The words of a manual page, without its macros and escapes.
fn plain(roff: &str) -> String {
    let mut all = String::new();
    for line in roff.lines() {
        let text = match line.strip_prefix('.') {
            Some(request) => match request.split_once(' ') {
                Some(("B" | "I" | "BR" | "IR" | "RB" | "RI" | "BI" | "IB", text)) => text,
                _ => continue,
            },
            None => line,
        };
        all.push_str(text);
        all.push('\n');
    }
    for (escape, text) in
        [("\\fB", ""), ("\\fI", ""), ("\\fR", ""), ("\\fP", ""), ("\\-", "-"), ("\\&", ""), ("\\(aq", "'")]
    {
        all = all.replace(escape, text);
    }
    all
}

fn the_kernel_does_it_without_us() {
    need("cc");
    let folder = Folder::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("proofs");
    for exception in ALL {
        let program = folder.join(exception.proof);
        let mut cc = command("cc");
        cc.args(["-Wall", "-Werror", "-o"]).arg(&program).arg(sources.join(format!("{}.c", exception.proof)));
        watch(cc, LIMIT).ok();
        let seen = watch(command(program.to_str().expect("a name")), LIMIT);
        assert_eq!(seen.ok(), exception.prints, "exception {}: {}", exception.number, exception.what);
    }
    let files = std::fs::read_dir(sources).expect("the proofs").count();
    assert_eq!(files, ALL.len(), "a proof that is no exception's");
}
