//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `mnt` | each operation of `unshare-mnt`, inside and outside |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod mnt;
mod support;
mod usage;

fn main() -> std::process::ExitCode {
    support::runner::run(&[usage::TESTS, mnt::TESTS])
}
