//! What the scenes are written with.

pub mod cgroups;
mod debian;
pub mod json;
pub mod nstree_stage;
mod processes;
pub mod pty;
pub mod runner;
mod scene;
pub mod session;
pub mod transcript;
mod users;

pub use debian::{clean, debian};
pub use processes::*;
pub use scene::*;
pub use users::*;

/// The tests of a file, in the order in which they stand: `tests![first, second]`. One that is not listed is dead code,
/// and the compiler says so.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub const TESTS: &[$crate::support::runner::Test] = &[
            $($crate::support::runner::Test {
                name: concat!(module_path!(), "::", stringify!($name)),
                run: $name,
            }),*
        ];
    };
}
