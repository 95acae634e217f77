//! The suite: the real binaries on the real kernel, as whoever runs it.
//!
//! | file | what it shows |
//! |---|---|
//! | `user` | maps, sub-IDs, identity and capabilities |
//! | `usage` | options, bad input, exit statuses 125, 126, 127, messages |
//! | `chain` | all six in every order, statuses, deaths by signal, arguments |
//! | `isolation` | each tool changes its own link alone, and isolates both ways |
//! | `keep` | `--keep` and `--pid-file`: enter what is kept, let it go, undo it |
//! | `servers` | a web server and an FTP server, each PID 1 of its own world |
//! | `roots` | a busybox root and a Debian as `/` |
//! | `pipelines` | xargs, timeout, find, make, parallel, pipes: the same as bare |
//! | `demo` | what `make demo` shows |
//!
//! `support` holds what the scenes are written with. Name a test, or a part of names, to run only those.

mod chain;
mod demo;
mod isolation;
mod keep;
mod pipelines;
mod roots;
mod servers;
mod support;
mod usage;
mod user;

fn main() -> std::process::ExitCode {
    let status = support::runner::run(&[
        user::TESTS,
        usage::TESTS,
        chain::TESTS,
        isolation::TESTS,
        keep::TESTS,
        pipelines::TESTS,
        demo::TESTS,
        servers::TESTS,
        roots::TESTS,
    ]);
    support::clean();
    status
}
