//! User and group IDs: who runs this, and which they may use.

use super::runner::skip;
use super::{Folder, is_root};
use std::fs;

/// What a person puts before a chain that needs many IDs: with it the caller is 0, and has at least 0 to 1000. Ends the
/// test for an ordinary user without subordinate IDs.
pub fn many() -> &'static str {
    if is_root() {
        return "unshare-user --map-users 0:0:65536 --map-groups 0:0:65536 -- ";
    }
    sub_ids();
    "unshare-user --map-auto -- "
}

/// The first of an ordinary user's subordinate IDs, users and groups. Ends the test where there are none.
pub fn sub_ids() -> (u32, u32) {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map(|user| user.name);
    let first = |file: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().find_map(|line| {
            let mut parts = line.split(':');
            (parts.next() == user.as_deref()).then(|| parts.next()?.parse::<u32>().ok())?
        })
    };
    match (first("/etc/subuid"), first("/etc/subgid")) {
        (Some(users), Some(groups)) => (users, groups),
        _ => skip("this user has no subordinate IDs: usermod --add-subuids 100000-165535 --add-subgids 100000-165535"),
    }
}

/// The PIDs of the processes that have `mark` in an argument. Choose one that no other process has.
pub fn marked(mark: &str) -> Vec<u32> {
    let has_mark = |pid: &u32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(mark))
    };
    let pids = fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(has_mark).collect()
}

/// A folder for the front of PATH, for every user, in which `program` is what `text`, a shell script, does.
pub fn folder_with(program: &str, text: &str) -> Folder {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.join(program);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    for path in [path.as_path(), folder.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    folder
}
