//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `chain` | all six in every order, statuses, deaths by signal, arguments |
//! | `transparency` | each link is one that nobody notices: processes, signals, terminals; its `mod.rs` says more |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod chain;
mod support;
mod transparency;
mod usage;

fn main() -> std::process::ExitCode {
    // `make transparency`: the table for people; the tests play the same scenes.
    if std::env::args().nth(1).as_deref() == Some("--table") {
        return transparency::print();
    }
    let mut groups = vec![usage::TESTS, chain::TESTS];
    groups.extend(transparency::TESTS);
    support::runner::run(&groups)
}
