//! Make a namespace, and tell of it.

use crate::failure::{Failure, OrHint};
use crate::hint;
use crate::namespace::{Namespace, PID};
use crate::step::{explaining, narrate, next, shown, still_shared};
use crate::view::view;
use nix::sched::unshare;

impl Namespace {
    /// Moves this process (for a PID namespace: its children to come) into a new namespace of this kind.
    ///
    /// # Errors
    /// unshare(2) refused, with the cause as hint.
    pub fn create(&self) -> Result<(), Failure> {
        let before = explaining().then(|| self.id());
        next(format_args!("{}; so far: {}", self.about, shown(|| view(self))));
        unshare(self.flag())
            .map_err(|errno| Failure::refused(self, errno))
            .or_hint(|errno| hint::create(self, errno))?;
        if let Some(before) = before {
            // A PID namespace has no ID before its first process: the fork tells it.
            let after = if *self == PID { String::new() } else { format!(" ({before} -> {})", self.id()) };
            narrate(format_args!("{self} = 0"), format_args!("{}{after}", self.changes));
        }
        Ok(())
    }

    /// Narrates what one would expect to be apart, and is not.
    pub fn narrate_shared(&self) {
        still_shared(self.shared);
    }
}
