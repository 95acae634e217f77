//! A link that nobody notices: each scene is played bare and under each link, and everything that can be observed of it
//! is compared.
//!
//! | file | scenes of |
//! |---|---|
//! | `ends` | exit statuses, deaths, pipes, `timeout` |
//! | `signals` | signals from outside to the waiting link |
//! | `terminal` | keys, job control, shells inside shells: on a pty |
//! | `inheritance` | what the caller hands over |
//! | `orphans` | what the command leaves running |
//! | `faults` | interrupted and refused calls, and the death of the link (no differential scenes) |
//!
//! `exceptions` has the kernel's exceptions and their proofs, `links` the columns, `stage` plays a scene, `table` prints.

mod ends;
pub mod exceptions;
mod faults;
mod inheritance;
mod links;
mod orphans;
mod signals;
mod stage;
mod table;
mod terminal;

use crate::support::runner::Test;
use stage::Scene;

pub use table::print;

const TESTS: &[&[Test]] = &[
    ends::TESTS,
    signals::TESTS,
    terminal::TESTS,
    inheritance::TESTS,
    orphans::TESTS,
    exceptions::TESTS,
    faults::TESTS,
    table::TESTS,
];

const PLAYED: &[&[Test]] = &[ends::PLAYED, signals::PLAYED, terminal::PLAYED, inheritance::PLAYED, orphans::PLAYED];

/// The tests. `SCENES=elsewhere` leaves the scenes out, for who runs `make transparency` as well: it plays and compares
/// the same.
pub fn tests() -> Vec<&'static [Test]> {
    if std::env::var("SCENES").is_ok_and(|value| value == "elsewhere") {
        println!("Without the scenes of a link that nobody notices: 'make transparency' plays them");
        TESTS.to_vec()
    } else {
        [TESTS, PLAYED].concat()
    }
}

const SCENES: &[&[Scene]] = &[ends::SCENES, signals::SCENES, terminal::SCENES, inheritance::SCENES, orphans::SCENES];

/// The scenes of a file: a constant of all, and a test of each. After a `;`, tests that compare nothing.
macro_rules! scenes {
    ($($name:ident: $scene:expr),* $(,)? $(; $($test:ident),+)?) => {
        pub const SCENES: &[$crate::transparency::stage::Scene] = &[$($scene.named(stringify!($name))),*];
        $(fn $name() {
            $scene.named(stringify!($name)).check();
        })*
        pub const PLAYED: &[$crate::support::runner::Test] = &[
            $($crate::support::runner::Test {
                name: concat!(module_path!(), "::", stringify!($name)),
                run: $name,
            }),*
        ];
        $crate::tests![$($($test),+)?];
    };
}
use scenes;
