//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `user` | maps, sub-IDs, identity and capabilities |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `chain` | all six in every order, statuses, deaths by signal, arguments |
//! | `nstree` | the trees against lsns, /proc, and what the test built |
//! | `nstree_edges` | crowds, hostile names, processes that come and go, bad input, output that fails |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod chain;
mod nstree;
mod nstree_edges;
mod support;
mod usage;
mod user;

fn main() -> std::process::ExitCode {
    support::runner::run(&[user::TESTS, usage::TESTS, chain::TESTS, nstree::TESTS, nstree_edges::TESTS])
}
