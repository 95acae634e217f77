//! Control groups of a test's own, cgroup v2.

use super::is_root;
use super::runner::skip;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

/// Where the cgroup v2 tree is mounted.
pub fn tree() -> &'static Path {
    static TREE: OnceLock<PathBuf> = OnceLock::new();
    TREE.get_or_init(|| {
        let mounts = fs::read_to_string("/proc/self/mounts").expect("the mounts");
        let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some("cgroup2"));
        let Some(mount) = mount else {
            skip("no cgroup2 file system is mounted: mount -t cgroup2 none /sys/fs/cgroup")
        };
        PathBuf::from(mount.split(' ').nth(1).expect("a mount point"))
    })
}

/// Has this kernel's v2 tree the controller?
pub fn has(controller: &str) -> bool {
    let there = fs::read_to_string(tree().join("cgroup.controllers")).expect("the controllers");
    there.split_whitespace().any(|there| there == controller)
}

/// A controller that is there with a file of its own and a value: cgroup v1 may have taken the common ones.
pub fn some_knob() -> (&'static str, &'static str, &'static str) {
    if has("pids") { ("pids", "pids.max", "1000") } else { ("hugetlb", "hugetlb.2MB.max", "2097152") }
}

/// How many groups there are, and what their place handed down before the first of them.
static LIVING: Mutex<(usize, String)> = Mutex::new((0, String::new()));

/// Where groups may be made: in the root, or in the one that `DELEGATED` says was given to this user.
fn place() -> Option<PathBuf> {
    if is_root() { Some(tree().to_owned()) } else { std::env::var_os("DELEGATED").map(PathBuf::from) }
}

/// What that hands down.
fn handed_down(place: &Path) -> String {
    fs::read_to_string(place.join("cgroup.subtree_control")).unwrap_or_default()
}

/// A group of this test's own; removed at the end, with what is in it.
pub struct Group(PathBuf);

impl Group {
    /// None for an ordinary user to whom nothing was delegated.
    pub fn new() -> Option<Self> {
        place().map(|place| Group::make(&place).unwrap_or_else(|why| skip(why)))
    }

    /// None also where this machine has no place for one: for a test that has more to show.
    pub fn where_possible() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts").expect("the mounts");
        let is_there = mounts.lines().any(|line| line.split(' ').nth(2) == Some("cgroup2"));
        if is_there { Group::make(&place()?).ok() } else { None }
    }

    fn make(place: &Path) -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("suite-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = place.join(name);
        let mut living = LIVING.lock().expect("nobody panics with this");
        if living.0 == 0 {
            living.1 = handed_down(place);
        }
        living.0 += 1;
        if let Err(error) = fs::create_dir(&path) {
            living.0 -= 1;
            return Err(format!("no group can be made here: mkdir {}: {error}", path.display()));
        }
        Ok(Group(path))
    }

    /// Its name below the root.
    pub fn name(&self) -> String {
        self.0.strip_prefix(tree()).expect("a group of the tree").to_string_lossy().into_owned()
    }

    /// The groups below it.
    pub fn children(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the group").flatten();
        entries
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// What a control file of it holds.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_default().trim_end().to_owned()
    }
}

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.display().fmt(f)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
        for _ in 0..500 {
            for child in self.children() {
                let _ = fs::remove_dir(self.0.join(child));
            }
            if fs::remove_dir(&self.0).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let mut living = LIVING.lock().expect("nobody panics with this");
        living.0 -= 1;
        if living.0 == 0 {
            // It hands down what it did before.
            let place = self.0.parent().expect("its place");
            for controller in handed_down(place).split_whitespace().filter(|name| !living.1.contains(name)) {
                let _ = fs::write(place.join("cgroup.subtree_control"), format!("-{controller}"));
            }
        }
    }
}
