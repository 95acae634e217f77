//! Give the namespace its maps: user_namespaces(7).

use crate::map::Map;
use common::failure::{Failure, errno_of};
use common::step::step;
use std::fs::OpenOptions;
use std::io::Write;

/// What will be written once the namespace is there. Nothing, for `--map-none`.
pub struct Plan {
    pub users: Option<Map>,
    pub groups: Option<Map>,
    pub deny_setgroups: bool,
}

impl Plan {
    /// Writes the maps. After unshare(2).
    ///
    /// # Errors
    /// The write that was refused.
    pub fn write(&self) -> Result<(), Failure> {
        if let Some(map) = &self.users {
            write(
                "uid_map",
                &map.text(),
                &map.to_string(),
                "which user IDs there are inside, and whose they are outside",
            )?;
        }
        if self.deny_setgroups {
            write(
                "setgroups",
                "deny",
                "\"deny\"",
                "setgroups(2) is off inside: without rights over a group nobody may leave one",
            )?;
        }
        if let Some(map) = &self.groups {
            write(
                "gid_map",
                &map.text(),
                &map.to_string(),
                "which group IDs there are inside, and whose they are outside",
            )?;
        }
        Ok(())
    }
}

fn write(file: &str, text: &str, shown: &str, changes: &str) -> Result<(), Failure> {
    let path = format!("/proc/self/{file}");
    step(format!("write({path}, {shown})"), changes, || {
        // One write: the kernel takes a map whole or refuses it.
        let mut file = OpenOptions::new().write(true).open(&path).map_err(errno_of)?;
        file.write_all(text.as_bytes()).map_err(errno_of)
    })
}
