//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `calls` | the system calls of each tool, counted |
//! | `causes` | from facts to causes, also those that cannot be provoked on every machine |
//! | `cgroup` | `unshare-cgroup` |
//! | `chain` | chains of all six |
//! | `completions` | bash, zsh and fish on a terminal: what Tab gives, through a chain |
//! | `demo` | `make demo`: what it shows, without a terminal |
//! | `documents` | every command in the README, the lessons and the man pages, and its output |
//! | `explain` | `--explain`: what it tells is true of this very run, and nothing else differs with it |
//! | `faults` | every system call that a tool makes between parsing and execve(2), made to fail |
//! | `install` | `make install`, `uninstall`, the AppArmor profile |
//! | `isolation` | each tool changes its own link under `/proc/self/ns` alone, and what it isolates is isolated both ways |
//! | `keep` | `--keep` and `--pid-file` |
//! | `limit` | `limit-cgroup`: its options, and what it says |
//! | `limit_end` | however it ends, its group is gone |
//! | `limit_holds` | the limits hold |
//! | `limit_parent` | where the group is made, and whose it is |
//! | `manual` | man pages and completions have the tools' options, no more and no less |
//! | `mnt` | `unshare-mnt`: what each operation does inside, and that nothing of it is seen outside |
//! | `mnt_hostile` | roots made by somebody who wants out |
//! | `mnt_overlay` | `unshare-mnt --overlay` and its kin |
//! | `mnt_paths` | names that are hard to get right, destinations of every kind |
//! | `mnt_root` | `unshare-mnt --root`: another tree is `/` |
//! | `mnt_table` | every row of the tables in `docs/mounts.md` |
//! | `mnt_uses` | what people use `unshare-mnt` for: whole systems, overlays that are thrown away, builds |
//! | `net` | interfaces, addresses, routes, both ways |
//! | `net_nothing_left` | networks that are refused, killed, or over |
//! | `net_scene` | a web and an FTP server on one bridge: `examples/two-servers.sh` |
//! | `nstree` | the trees of nstree against lsns(8), `/proc`, and what the test built |
//! | `nstree_edges` | nstree with crowds, hostile names, processes that come and go, bad input |
//! | `peers` | what unshare(1) and bwrap(1) say to the same refusals (`docs/refusals-of-peers.md`) |
//! | `pipelines` | links in pipelines, `xargs`, `parallel`, `make`: what the bare ones give |
//! | `refusals` | every cause that a refusal can have, provoked, and its hint (`docs/refusals.md`) |
//! | `servers` | a web and an FTP server, each PID 1 of its own world |
//! | `standing` | hundreds of launches, some killed: nothing left behind |
//! | `time` | `unshare-time` |
//! | `transparency` | a link that nobody notices |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `user` | identity and capabilities |
//! | `user_maps` | maps, sub-IDs, newuidmap |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod calls;
mod causes;
mod cgroup;
mod chain;
mod completions;
mod demo;
mod documents;
mod explain;
mod faults;
mod install;
mod isolation;
mod keep;
mod limit;
mod limit_end;
mod limit_holds;
mod limit_parent;
mod manual;
mod mnt;
mod mnt_hostile;
mod mnt_overlay;
mod mnt_paths;
mod mnt_root;
mod mnt_table;
mod mnt_uses;
mod net;
mod net_nothing_left;
mod net_scene;
mod nstree;
mod nstree_edges;
mod peers;
mod pipelines;
mod refusals;
mod servers;
mod standing;
mod support;
mod time;
mod transparency;
mod usage;
mod user;
mod user_maps;

fn main() -> std::process::ExitCode {
    support::take_no_signal_state();
    // `make transparency`: the table for people; the tests play the same scenes.
    if std::env::args().nth(1).as_deref() == Some("--table") {
        return transparency::print();
    }
    time::print_clocks_if_asked();
    let mut groups = vec![
        calls::TESTS,
        causes::TESTS,
        cgroup::TESTS,
        chain::TESTS,
        completions::TESTS,
        demo::TESTS,
        documents::TESTS,
        explain::TESTS,
        faults::TESTS,
        install::TESTS,
        isolation::TESTS,
        keep::TESTS,
        limit::TESTS,
        limit_end::TESTS,
        limit_holds::TESTS,
        limit_parent::TESTS,
        manual::TESTS,
        mnt::TESTS,
        mnt_hostile::TESTS,
        mnt_overlay::TESTS,
        mnt_paths::TESTS,
        mnt_root::TESTS,
        mnt_table::TESTS,
        mnt_uses::TESTS,
        net::TESTS,
        net_nothing_left::TESTS,
        net_scene::TESTS,
        nstree::TESTS,
        nstree_edges::TESTS,
        peers::TESTS,
        pipelines::TESTS,
        refusals::TESTS,
        servers::TESTS,
        standing::TESTS,
        time::TESTS,
        usage::TESTS,
        user::TESTS,
        user_maps::TESTS,
    ];
    groups.extend(transparency::tests());
    support::runner::run(&groups)
}
