//! Options, bad input, exit statuses 125, 126, 127, messages.

use crate::support::{TOOLS, sh, user};

crate::tests![unknown_option, nothing_after_dashes];

fn unknown_option() {
    for tool in TOOLS {
        let seen = sh(&format!("{tool} --bogus true"));
        assert!(seen.refused().starts_with(&format!("{tool}: unexpected argument '--bogus'")), "{seen:?}");
    }
}

fn nothing_after_dashes() {
    for tool in TOOLS {
        let seen = sh(&format!("set --; echo 'echo a shell ran' | {}{tool} -- \"$@\"", user()));
        assert!(seen.refused().contains("a command is missing after '--'"), "{seen:?}");
    }
}
