//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `chain` | chains of all six: every order, statuses, deaths by signal, arguments byte for byte |
//! | `faults` | every call between parsing and execve, made to fail |
//! | `isolation` | each tool changes its own link under `/proc/self/ns` alone, and what it isolates is isolated both ways |
//! | `keep` | `--keep` and `--pid-file`: a namespace outlives its command, others enter it, and `umount` lets it go |
//! | `mnt` | `unshare-mnt`: what each operation does inside, and that nothing of it is seen outside |
//! | `mnt_hostile` | roots made by somebody who wants out: symlinks, a racing process, and what others were bitten by. Every scene has a |
//! | `net` | interfaces, addresses, routes, both ways. The host of these scenes is a network that the scene itself made, so that |
//! | `net_nothing_left` | networks that are refused, killed, or over: nothing stays behind |
//! | `refusals` | every cause that a refusal can have, provoked, and its hint (`docs/refusals.md`) |
//! | `servers` | the scene: a web server and an FTP server, Debian's own, each PID 1 of its own world |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `user` | maps, sub-IDs, identity and capabilities: `unshare-user` |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod chain;
mod faults;
mod isolation;
mod keep;
mod mnt;
mod mnt_hostile;
mod net;
mod net_nothing_left;
mod refusals;
mod servers;
mod support;
mod usage;
mod user;

fn main() -> std::process::ExitCode {
    support::runner::run(&[
        chain::TESTS,
        faults::TESTS,
        isolation::TESTS,
        keep::TESTS,
        mnt::TESTS,
        mnt_hostile::TESTS,
        net::TESTS,
        net_nothing_left::TESTS,
        refusals::TESTS,
        servers::TESTS,
        usage::TESTS,
        user::TESTS,
    ])
}
