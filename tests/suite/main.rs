//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `cgroup` | `unshare-cgroup`: the own group is the root of the tree |
//! | `chain` | chains of all six: every order, statuses, deaths by signal, arguments byte for byte |
//! | `demo` | `make demo`: what it shows, without a terminal |
//! | `faults` | every system call that a tool makes between parsing and execve(2), made to fail: the table is taken from a trace |
//! | `isolation` | each tool changes its own link under `/proc/self/ns` alone, and what it isolates is isolated both ways |
//! | `keep` | `--keep` and `--pid-file`: a namespace outlives its command, others enter it, and `umount` lets it go |
//! | `limit` | `limit-cgroup`: limits hold, everybody in them is ended, and the group is gone |
//! | `mnt` | `unshare-mnt`: what each operation does inside, and that nothing of it is seen outside |
//! | `mnt_hostile` | roots made by somebody who wants out: symlinks, a racing process, and what others were bitten by. Every scene has a |
//! | `mnt_paths` | `unshare-mnt`: names that are hard to get right, and destinations of every kind |
//! | `mnt_roots` | `unshare-mnt` for what people use it for: whole systems, overlays that are thrown away, builds |
//! | `mnt_table` | every row of the tables in `docs/mounts.md`: run, and compared with what the row says that it prints |
//! | `net` | interfaces, addresses, routes, both ways. The host of these scenes is a network that the scene itself made, so that |
//! | `net_nothing_left` | networks that are refused, killed, or over: nothing stays behind |
//! | `nstree` | the trees of nstree against lsns(8), `/proc`, and what the test built |
//! | `pipelines` | composed with what composes commands: output, status and duration are those of the bare pipeline |
//! | `refusals` | every cause that a refusal can have, provoked, and its hint (`docs/refusals.md`) |
//! | `roots` | `unshare-mnt --root`: another system's tree is `/` |
//! | `servers` | the scene: a web server and an FTP server, Debian's own, each PID 1 of its own world |
//! | `time` | `unshare-time`: uptime and monotonic clock shift, the date does not |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `user` | maps, sub-IDs, identity and capabilities: `unshare-user` |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod cgroup;
mod chain;
mod demo;
mod faults;
mod isolation;
mod keep;
mod limit;
mod mnt;
mod mnt_hostile;
mod mnt_paths;
mod mnt_roots;
mod mnt_table;
mod net;
mod net_nothing_left;
mod nstree;
mod pipelines;
mod refusals;
mod roots;
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
        demo::TESTS,
        faults::TESTS,
        isolation::TESTS,
        keep::TESTS,
        limit::TESTS,
        mnt::TESTS,
        mnt_hostile::TESTS,
        mnt_paths::TESTS,
        mnt_roots::TESTS,
        mnt_table::TESTS,
        net::TESTS,
        net_nothing_left::TESTS,
        nstree::TESTS,
        pipelines::TESTS,
        refusals::TESTS,
        roots::TESTS,
        servers::TESTS,
        time::TESTS,
        usage::TESTS,
        user::TESTS,
    ])
}
