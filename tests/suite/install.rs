//! `make install` and `make uninstall`, and the AppArmor profile: what a packager relies on.

use crate::support::{Folder, TOOLS, command, need, tools, watch};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

crate::tests![everything_in_its_place, uninstall_leaves_nothing, every_directory_can_be_set, apparmor_profile];

/// All ten.
pub fn all_tools() -> impl Iterator<Item = &'static str> {
    TOOLS.into_iter().chain(["limit-cgroup", "nstree"])
}

/// The tree in which the Makefile is: where the suite runs, if that is a copy, else where it was built.
fn source() -> PathBuf {
    let here = Path::new("man/unshare-tools.7").exists() && Path::new("Makefile").exists();
    if here { ".".into() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("..") }
}

/// make, with the tools that the suite tests as what was built.
fn make(arguments: &[&str]) {
    need("make");
    let built: Vec<String> = all_tools().map(|tool| tools().join(tool).display().to_string()).collect();
    let mut make: Command = command("sh");
    make.args(["-c", "umask 077; exec make \"$@\"", "make", "--directory"]).arg(source());
    make.arg(format!("BUILT={}", built.join(" "))).args(arguments);
    for tool in &built {
        make.args(["-o", tool]);
    }
    watch(make, Duration::from_secs(60)).ok();
}

/// Installs below `/usr` in this folder.
pub fn install(folder: &Folder) {
    make(&["install", "PREFIX=/usr", &format!("DESTDIR={folder}")]);
}

/// Everything below a folder that is no directory, without the folder's name.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let name = entry.file_name().into_string().expect("a name");
        if entry.file_type().expect("a type").is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.push(name);
        }
    }
    found
}

fn everything_in_its_place() {
    let folder = Folder::new();
    install(&folder);
    let mut expected: Vec<(String, u32)> = Vec::new();
    for tool in all_tools() {
        expected.push((format!("bin/{tool}"), 0o755));
        expected.push((format!("share/man/man1/{tool}.1"), 0o644));
        expected.push((format!("share/bash-completion/completions/{tool}"), 0o644));
        expected.push((format!("share/fish/vendor_completions.d/{tool}.fish"), 0o644));
    }
    let others = "man/man7/unshare-tools.7 zsh/site-functions/_unshare-tools licenses/unshare-tools/LICENSE-MIT
        licenses/unshare-tools/LICENSE-APACHE doc/unshare-tools/README.md doc/unshare-tools/CHANGELOG.md
        doc/unshare-tools/SECURITY.md doc/unshare-tools/docs/refusals.md doc/unshare-tools/examples/demo.sh
        doc/unshare-tools/examples/two-servers/vsftpd.conf doc/unshare-tools/examples/apparmor/unshare-user";
    expected.extend(others.split_whitespace().map(|name| (format!("share/{name}"), 0o644)));
    for (name, mode) in expected {
        // A link counts as what it points to, and must not point elsewhere.
        let path = folder.join("usr").join(&name);
        let real = path.canonicalize().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(real.starts_with(folder.path().canonicalize().expect("the folder")), "{name} leads out to {real:?}");
        assert_eq!(fs::metadata(&path).expect(&name).permissions().mode() & 0o7777, mode, "{name}");
    }
    // Nothing has a mode of the umask's, nothing is setuid, and there are no other places.
    for name in files(folder.path()) {
        let mode = fs::metadata(folder.join(&name)).expect(&name).permissions().mode() & 0o7777;
        assert!(mode == 0o644 || (mode == 0o755 && name.starts_with("usr/bin/")), "{name}: {mode:o}");
        assert!(name.starts_with("usr/bin/") || name.starts_with("usr/share/"), "{name}");
    }
    for directory in ["usr", "usr/bin", "usr/share/man/man1", "usr/share/doc/unshare-tools/examples"] {
        let mode = fs::metadata(folder.join(directory)).expect(directory).permissions().mode() & 0o7777;
        assert_eq!(mode, 0o755, "{directory}");
    }
}

fn uninstall_leaves_nothing() {
    let folder = Folder::new();
    install(&folder);
    let foreign = folder.join("usr/share/doc/unshare-tools/notes-of-the-site");
    fs::write(&foreign, "mine").expect("a file");
    make(&["uninstall", "PREFIX=/usr", &format!("DESTDIR={folder}")]);
    assert_eq!(files(folder.path()), ["usr/share/doc/unshare-tools/notes-of-the-site"]);
    fs::remove_file(foreign).expect("it is there");
    make(&["uninstall", "PREFIX=/usr", &format!("DESTDIR={folder}")]);
    assert!(!folder.join("usr/share/doc/unshare-tools").exists(), "the directory of ours is gone");
    assert!(!folder.join("usr/share/licenses/unshare-tools").exists(), "the directory of ours is gone");
}

fn every_directory_can_be_set() {
    let names = "BINDIR MANDIR DOCDIR EXAMPLEDIR LICENSEDIR BASHCOMPDIR ZSHCOMPDIR FISHCOMPDIR";
    let names: Vec<&str> = names.split_whitespace().collect();
    let folder = Folder::new();
    let destination = format!("DESTDIR={folder}");
    let set: Vec<String> = names.iter().map(|name| format!("{name}=/at/{name}")).collect();
    let with = |goal: &'static str| -> Vec<&str> {
        [goal, destination.as_str()].into_iter().chain(set.iter().map(String::as_str)).collect()
    };
    make(&with("install"));
    let mut there: Vec<String> = fs::read_dir(folder.join("at"))
        .expect("it")
        .map(|e| e.expect("it").file_name().into_string().expect("it"))
        .collect();
    there.sort();
    let mut wanted = names.clone();
    wanted.sort();
    assert_eq!(there, wanted);
    assert_eq!(files(folder.path()).iter().find(|name| !name.starts_with("at/")), None, "all is where it was said");
    make(&with("uninstall"));
    assert_eq!(files(folder.path()), Vec::<String>::new());
    // One that is set to nothing leaves its things out.
    let folder = Folder::new();
    let destination = format!("DESTDIR={folder}");
    make(&["install", &destination, "PREFIX=/usr", "LICENSEDIR=", "FISHCOMPDIR="]);
    let there = files(folder.path());
    assert!(there.iter().all(|name| !name.contains("LICENSE") && !name.contains("fish")), "{there:#?}");
    assert!(there.contains(&"usr/bin/nstree".to_owned()), "{there:#?}");
}

const PROFILE: &str = include_str!("../../packaging/apparmor/unshare-user");

/// Compiled by the parser of this machine. AppArmor 3 knows neither abi/4.0 nor `userns`: there the rest is compiled, as
/// for abi/3.0, and of those two lines only that they stand there is checked.
fn apparmor_profile() {
    need("apparmor_parser");
    assert!(PROFILE.lines().any(|line| line == "abi <abi/4.0>,"), "{PROFILE}");
    assert!(PROFILE.lines().any(|line| line == "  userns,"), "{PROFILE}");
    let text = if Path::new("/etc/apparmor.d/abi/4.0").exists() {
        PROFILE.to_owned()
    } else {
        PROFILE.replace("abi/4.0", "abi/3.0").replace("  userns,\n", "")
    };
    let folder = Folder::new();
    let file = folder.join("unshare-user");
    fs::write(&file, text).expect("a file");
    let mut parser = command("apparmor_parser");
    parser.args(["--skip-kernel-load", "--skip-cache"]).arg(file);
    // A kernel without AppArmor has it say so, and succeed.
    watch(parser, Duration::from_secs(30)).ok();
}
