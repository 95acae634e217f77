//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `user` | maps, sub-IDs, identity and capabilities |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod support;
mod usage;
mod user;

fn main() -> std::process::ExitCode {
    support::runner::run(&[user::TESTS, usage::TESTS])
}
