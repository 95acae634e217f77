//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `chain` | all six in every order, statuses, deaths by signal, arguments |
//! | `net` | interfaces, addresses, routes, both ways |
//! | `net_nothing_left` | networks refused, killed, over: nothing stays behind |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod chain;
mod net;
mod net_nothing_left;
mod support;
mod usage;

fn main() -> std::process::ExitCode {
    support::runner::run(&[usage::TESTS, chain::TESTS, net::TESTS, net_nothing_left::TESTS])
}
