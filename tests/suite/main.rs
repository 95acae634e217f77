//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `calls` | the system calls of each tool, counted |
//! | `cgroup` | `unshare-cgroup` |
//! | `chain` | chains of all six |
//! | `demo` | `make demo`: what it shows, without a terminal |
//! | `faults` | every system call that a tool makes between parsing and execve(2), made to fail |
//! | `isolation` | each tool changes its own link under `/proc/self/ns` alone, and what it isolates is isolated both ways |
//! | `keep` | `--keep` and `--pid-file` |
//! | `limit` | `limit-cgroup` |
//! | `mnt` | `unshare-mnt`: what each operation does inside, and that nothing of it is seen outside |
//! | `mnt_hostile` | roots made by somebody who wants out |
//! | `mnt_paths` | `unshare-mnt` |
//! | `mnt_roots` | `unshare-mnt` for what people use it for |
//! | `mnt_table` | every row of the tables in `docs/mounts.md` |
//! | `net` | interfaces, addresses, routes, both ways |
//! | `net_nothing_left` | networks that are refused, killed, or over |
//! | `net_scene` | the whole scene |
//! | `nstree` | the trees of nstree against lsns(8), `/proc`, and what the test built |
//! | `nstree_edges` | nstree where it is hard |
//! | `pipelines` | composed with what composes commands |
//! | `refusals` | every cause that a refusal can have, provoked, and its hint (`docs/refusals.md`) |
//! | `roots` | `unshare-mnt --root` |
//! | `servers` | the scene |
//! | `standing` | hundreds of launches, some killed: nothing left behind |
//! | `time` | `unshare-time` |
//! | `transparency` | a link that nobody notices |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `user` | maps, sub-IDs, identity and capabilities |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod calls;
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
mod net_scene;
mod nstree;
mod nstree_edges;
mod pipelines;
mod refusals;
mod roots;
mod servers;
mod standing;
mod support;
mod time;
mod transparency;
mod usage;
mod user;

fn main() -> std::process::ExitCode {
    // `make transparency`: the table for people; the tests play the same scenes.
    if std::env::args().nth(1).as_deref() == Some("--table") {
        return transparency::print();
    }
    time::print_clocks_if_asked();
    let mut groups = vec![
        calls::TESTS,
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
        net_scene::TESTS,
        nstree::TESTS,
        nstree_edges::TESTS,
        pipelines::TESTS,
        refusals::TESTS,
        roots::TESTS,
        servers::TESTS,
        standing::TESTS,
        time::TESTS,
        usage::TESTS,
        user::TESTS,
    ];
    groups.extend(transparency::TESTS);
    support::runner::run(&groups)
}
