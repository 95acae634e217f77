//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `cgroup` | `unshare-cgroup`: the own group is the root of the tree |
//! | `chain` | chains of all six: every order, statuses, deaths by signal, arguments byte for byte |
//! | `isolation` | each tool changes its own link under `/proc/self/ns` alone, and what it isolates is isolated both ways |
//! | `keep` | `--keep` and `--pid-file`: a namespace outlives its command, others enter it, and `umount` lets it go |
//! | `limit` | `limit-cgroup`: limits hold, everybody in them is ended, and the group is gone |
//! | `mnt` | `unshare-mnt`: what each operation does inside, and that nothing of it is seen outside |
//! | `mnt_hostile` | roots made by somebody who wants out: symlinks, a racing process, and what others were bitten by. Every scene has a |
//! | `net` | interfaces, addresses, routes, both ways. The host of these scenes is a network that the scene itself made, so that |
//! | `net_nothing_left` | networks that are refused, killed, or over: nothing stays behind |
//! | `refusals` | every cause that a refusal can have, provoked, and its hint (`docs/refusals.md`) |
//! | `servers` | the scene: a web server and an FTP server, Debian's own, each PID 1 of its own world |
//! | `time` | `unshare-time`: uptime and monotonic clock shift, the date does not |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `user` | maps, sub-IDs, identity and capabilities: `unshare-user` |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod cgroup;
mod chain;
mod isolation;
mod keep;
mod limit;
mod mnt;
mod mnt_hostile;
mod net;
mod net_nothing_left;
mod refusals;
mod servers;
mod support;
mod time;
mod usage;
mod user;

fn main() -> std::process::ExitCode {
    time::print_clocks_if_asked();
    support::runner::run(&[
        cgroup::TESTS,
        chain::TESTS,
        isolation::TESTS,
        keep::TESTS,
        limit::TESTS,
        mnt::TESTS,
        mnt_hostile::TESTS,
        net::TESTS,
        net_nothing_left::TESTS,
        refusals::TESTS,
        servers::TESTS,
        time::TESTS,
        usage::TESTS,
        user::TESTS,
    ])
}
