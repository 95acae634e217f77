//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `mnt` | each operation of `unshare-mnt`, inside and outside |
//! | `mnt_hostile` | roots full of symlinks, a racing swapper, what others were bitten by |
//! | `mnt_paths` | hard names, the longest path, destinations of every kind |
//! | `mnt_roots` | overlays over the host, a read-only host, builds |
//! | `mnt_table` | every row of the table in docs/mounts.md |
//! | `refusals` | every cause that a refusal can have, provoked, and its hint |
//! | `user` | maps, sub-IDs, identity and capabilities |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod mnt;
mod mnt_hostile;
mod mnt_paths;
mod mnt_roots;
mod mnt_table;
mod refusals;
mod support;
mod usage;
mod user;

fn main() -> std::process::ExitCode {
    support::runner::run(&[
        refusals::TESTS,
        user::TESTS,
        usage::TESTS,
        mnt::TESTS,
        mnt_hostile::TESTS,
        mnt_paths::TESTS,
        mnt_roots::TESTS,
        mnt_table::TESTS,
    ])
}
