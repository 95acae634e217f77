//! User IDs: their names, and what they are inside a user namespace (user_namespaces(7)).

use common::proc::id_map;
use std::fs;

/// What an ID without a mapping is seen as, unless `/proc/sys/kernel/overflowuid` says otherwise.
const OVERFLOW: u32 = 65534;

/// The `uid_map` of a process.
pub struct Map(Vec<[u32; 3]>);

impl Map {
    /// Reads it. The IDs outside are ours, since the namespace is not ours.
    pub fn of(pid: u32) -> Option<Self> {
        Some(Map::of_text(&fs::read_to_string(format!("/proc/{pid}/uid_map")).ok()?))
    }

    /// The text of such a file.
    pub fn of_text(text: &str) -> Self {
        Map(id_map(text).collect())
    }

    /// What the ID `outside` is inside.
    pub fn inside(&self, outside: u32) -> u32 {
        let found = self.0.iter().find_map(|&[inside, first, count]| {
            let distance = outside.checked_sub(first).filter(|distance| *distance < count)?;
            inside.checked_add(distance)
        });
        found.unwrap_or(OVERFLOW)
    }
}

/// The names in passwd(5). Read from the file: a static program cannot ask the name service.
pub struct Names(Vec<(u32, String)>);

impl Names {
    /// Reads `/etc/passwd`; without it there are no names.
    pub fn read() -> Self {
        Names::of_text(&fs::read("/etc/passwd").unwrap_or_default())
    }

    /// The text of such a file.
    pub fn of_text(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let mut names = Vec::new();
        for line in text.lines() {
            let mut fields = line.split(':');
            if let (Some(name), Some(Ok(uid))) = (fields.next(), fields.nth(1).map(str::parse)) {
                names.push((uid, name.to_owned()));
            }
        }
        Names(names)
    }

    /// The name of a user outside, or the number.
    pub fn outside(&self, uid: u32) -> String {
        // The first is the one that getpwuid(3) gives.
        let name = self.0.iter().find(|(other, _)| *other == uid).map(|(_, name)| name.clone());
        name.unwrap_or_else(|| uid.to_string())
    }

    /// The name of a user inside: `/etc/passwd` may be another one there, so only the two that are the same everywhere.
    pub fn inside(&self, uid: u32) -> String {
        match uid {
            0 => "root".to_owned(),
            OVERFLOW => "nobody".to_owned(),
            uid => uid.to_string(),
        }
    }
}
