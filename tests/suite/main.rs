//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `chain` | chains of all six: every order, statuses, deaths by signal, arguments byte for byte |
//! | `refusals` | every cause that a refusal can have, provoked, and its hint (`docs/refusals.md`) |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `user` | maps, sub-IDs, identity and capabilities: `unshare-user` |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod chain;
mod refusals;
mod support;
mod usage;
mod user;

fn main() -> std::process::ExitCode {
    support::runner::run(&[
        chain::TESTS,
        refusals::TESTS,
        usage::TESTS,
        user::TESTS,
    ])
}
