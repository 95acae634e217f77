//! `--propagation`: what of later mounts passes between two namespaces (mount_namespaces(7)).

use crate::cli::Propagation;
use crate::hint;
use common::failure::{Failure, OrHint};
use common::step::{step, still_shared};
use nix::mount::{MsFlags, mount};

impl Propagation {
    /// Does pivot_root(2) work with it?
    pub fn allows_new_root(self) -> bool {
        matches!(self, Propagation::Private | Propagation::Slave)
    }

    /// Sets it on every mount.
    pub fn set(self) -> Result<(), Failure> {
        let (flag, name, changes) = match self {
            Propagation::Private => (
                MsFlags::MS_PRIVATE,
                "MS_PRIVATE",
                "what is mounted in here is not seen outside from now on, nor the other way round",
            ),
            Propagation::Slave => {
                (MsFlags::MS_SLAVE, "MS_SLAVE", "what is mounted outside later is seen in here too; nothing passes out")
            }
            Propagation::Shared => (
                MsFlags::MS_SHARED,
                "MS_SHARED",
                "what is mounted on either side is seen on both, where the caller's mounts were shared",
            ),
            Propagation::Unchanged => {
                still_shared("mounts to come, where the caller's are shared: they are seen on both sides");
                return Ok(());
            }
        };
        step(format_args!("mount(\"/\", MS_REC | {name})"), changes, || {
            mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | flag, None::<&str>)
        })
        .or_hint(hint::propagation)
    }
}
