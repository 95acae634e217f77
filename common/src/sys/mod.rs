//! The only unsafe code: one documented wrapper a call.
//!
//! What nix offers as a safe function is used from there. Here stands what it lacks, or offers only as unsafe: each
//! function says which manual page it comes from, and each unsafe block why it is sound. None of them adds policy.
#![allow(unsafe_code)]

pub mod caps;
mod inherited;
pub mod look;
mod mount;
mod nsfs;
mod process;
mod second;
mod signal;
mod stack;
mod timer;

pub use inherited::{has_rights_of_its_file, restore as restore_inherited, take_faults_by_default};
pub use mount::*;
pub use nsfs::*;
pub use process::*;
pub use second::tie_second_thread;
pub use signal::*;
pub use timer::Timers;
