//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `faults` | every call between parsing and execve, made to fail |
//! | `refusals` | every cause that a refusal can have, provoked, and its hint |
//! | `user` | maps, sub-IDs, identity and capabilities |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `chain` | all six in every order, statuses, deaths by signal, arguments |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod chain;
mod faults;
mod refusals;
mod support;
mod usage;
mod user;

fn main() -> std::process::ExitCode {
    support::runner::run(&[faults::TESTS, refusals::TESTS, user::TESTS, usage::TESTS, chain::TESTS])
}
