//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `chain` | all six in every order, statuses, deaths by signal, arguments |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod chain;
mod support;
mod usage;

fn main() -> std::process::ExitCode {
    support::runner::run(&[usage::TESTS, chain::TESTS])
}
