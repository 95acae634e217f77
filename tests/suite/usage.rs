//! Options, bad input, exit statuses 125, 126, 127, messages.

use crate::support::{Folder, Seen, TOOLS, is_root, many, need, sh, tools, user};
use std::fs;
use std::os::unix::fs::PermissionsExt;

crate::tests![
    unknown_option,
    missing_value,
    nothing_after_dashes,
    with_and_without_options_the_words_are_the_same,
    bad_input,
    occupied_keep_file,
    refused_is_125,
    not_executable_is_126,
    not_found_is_127,
    troubles_of_the_system_are_125,
    program_of_another_machine,
    help_and_version,
    help_into_a_full_device,
    refused_call_and_its_hint,
    nesting_depth,
    missing_interpreter,
    rights_of_the_file,
    hostile_names,
    default_shell,
    unusable_shell,
    explain_names_both_namespaces,
    explain_tells_each_fork_once,
];

/// Root without any capability: as powerless as an ordinary user.
fn powerless() -> &'static str {
    if is_root() { "setpriv --bounding-set=-all --inh-caps=-all -- " } else { "" }
}

/// What an ordinary user needs in front of this tool.
fn front(tool: &str) -> &'static str {
    if tool == "unshare-user" { "" } else { user() }
}

fn unknown_option() {
    for tool in TOOLS {
        let seen = sh(&format!("{tool} --bogus true"));
        assert!(seen.refused().starts_with(&format!("{tool}: unexpected argument '--bogus'")), "{seen:?}");
    }
}

fn missing_value() {
    for tool in TOOLS {
        let seen = sh(&format!("{tool} --keep"));
        assert!(seen.refused().starts_with(&format!("{tool}: a value is required for '--keep")), "{seen:?}");
    }
}

fn nothing_after_dashes() {
    for tool in TOOLS {
        let seen = sh(&format!("set --; echo 'echo a shell ran' | {}{tool} -- \"$@\"", user()));
        assert!(seen.refused().contains("a command is missing after '--'"), "{seen:?}");
    }
}

/// A line without options of ours is not parsed: its words reach the command as they would after an option.
fn with_and_without_options_the_words_are_the_same() {
    let words = "printf '<%s>' --explain -- '' -h --bogus '-' 'a b'";
    for tool in TOOLS {
        let before = front(tool);
        let bare = sh(&format!("{before}{words}"));
        for line in ["", "-- ", "--explain ", "--explain -- "] {
            let seen = sh(&format!("{before}{tool} {line}{words}"));
            assert_eq!(seen.ok(), bare.ok(), "{tool} {line}");
        }
        let seen = sh(&format!("{before}{tool} ''"));
        assert_eq!(seen.code(), 127, "an empty word is a command that is not there: {seen:?}");
        assert_eq!(sh(&format!("{before}{tool} - true")).code(), 127, "a lone dash is a command");
    }
}

/// Every line is refused by its last tool in one clear line, before COMMAND runs, and leaves nothing behind.
fn bad_input() {
    let long = "x".repeat(65);
    for (line, says) in [
        ("unshare-user --map-users 0:0", "--map-users"),
        ("unshare-user --map-users 0:0:0", "--map-users"),
        ("unshare-user --map-users a:b:c", "--map-users"),
        ("unshare-user --map-users ''", "--map-users"),
        ("unshare-user --map-users 0:4294967295:1", "--map-users"),
        ("unshare-user --map-users 0:0:1 --map-users 0:1:1", "--map-users"),
        ("unshare-user --map-groups 0:0:2 --map-groups 5:1:1", "--map-groups"),
        ("unshare-user --map-groups=-1:0:1", "--map-groups"),
        ("unshare-user --map-none --map-root-user", "cannot be used with"),
        ("unshare-user --map-user root", "--map-user"),
        ("unshare-user --setgroups maybe", "--setgroups"),
        ("unshare-uts --hostname ''", "--hostname"),
        (&format!("unshare-uts --hostname {long}"), "65 bytes"),
        ("unshare-uts --domainname ''", "--domainname"),
        (&format!("unshare-uts --domainname {long}"), "65 bytes"),
        ("unshare-ipc --sysctl kernel.hostname=x", "would change the host"),
        ("unshare-ipc --sysctl kernel.panic=1", "would change the host"),
        ("unshare-ipc --sysctl kernel.shm/../panic=1", "no such key"),
        ("unshare-ipc --sysctl kernel.shmmax", "expected KEY=VALUE"),
        ("unshare-ipc --sysctl kernel.shmmax=", "a value is missing"),
        ("unshare-ipc --sysctl kernel.shmbogus=1", "kernel/shmbogus"),
        ("unshare-pid --mount-proc=$D/missing", "missing"),
        ("unshare-pid --pid-file $D/missing/file", "missing/file"),
        ("unshare-pid --keep $D/missing/file", "missing/file"),
        ("unshare-mnt --tmpfs $D/missing", "missing"),
        ("unshare-mnt --bind $D $D/missing", "missing"),
        ("unshare-mnt --bind $D/missing $D", "missing"),
        ("unshare-mnt --proc $D/missing", "missing"),
        ("unshare-mnt --root $D/missing", "missing"),
        ("unshare-mnt --chdir $D/missing", "missing"),
        ("unshare-mnt --propagation sideways", "--propagation"),
        ("unshare-mnt --root $D --propagation shared", "--propagation"),
        ("unshare-mnt --bind $D", "--bind"),
        ("unshare-mnt --root ''", "--root \"\": an empty path names nothing"),
        ("unshare-mnt --symlink x /", "a link needs a name"),
    ] {
        let folder = Folder::new();
        let seen = sh(&format!("D={folder}; {}{line} -- touch $D/ran", front(line.split(' ').next().expect("a tool"))));
        assert!(seen.refused().lines().next().is_some_and(|first| first.contains(says)), "{line}: {seen:#?}");
        assert!(seen.err.starts_with(&format!("{}:", line.split(' ').next().expect("a tool"))), "{line}: {seen:#?}");
        // One line, and perhaps a hint.
        assert!(seen.err.lines().count() <= 2, "{line}: {seen:#?}");
        assert!(seen.err.lines().skip(1).all(|line| line.contains(": hint: ")), "{line}: {seen:#?}");
        nothing_in(&folder, line);
    }
}

/// Nothing was made in this folder, and nothing is mounted there.
#[track_caller]
fn nothing_in(folder: &Folder, line: &str) {
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0, "{line}: something was left behind");
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    assert!(!mounts.contains(&folder.to_string()), "{line}: a mount was left behind");
}

fn occupied_keep_file() {
    for tool in TOOLS {
        let folder = Folder::new();
        let (full, fifo) = (folder.join("full"), folder.join("fifo"));
        fs::write(&full, "precious").expect("a file");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
        for (file, why) in [(&full, "the file is not empty"), (&fifo, "not a regular file")] {
            let seen = sh(&format!("{tool} --keep {} -- echo ran", file.display()));
            assert!(seen.refused().contains(why), "{seen:#?}");
        }
        let seen = sh(&format!("{tool} --keep {folder} -- echo ran"));
        assert!(seen.refused().contains("not a regular file"), "{seen:#?}");
        assert_eq!(fs::read_to_string(&full).expect("it is as it was"), "precious");
    }
}

/// Runs a line with standard error as it is, closed, and full. The status is the same; a panic's would be 101.
#[track_caller]
fn with_every_error_output(line: &str, status: i32) -> Seen {
    for error in ["2>&-", "2>/dev/full", "<&- >&- 2>&-", "2>&1 | true; exit ${PIPESTATUS[0]}"] {
        let seen = sh(&format!("exec bash -c '{line} {error}'"));
        assert_eq!(seen.code(), status, "{line} {error}: {seen:?}");
        assert_eq!((seen.out.as_str(), seen.err.as_str()), ("", ""), "{line} {error}");
    }
    let seen = sh(line);
    assert_eq!(seen.code(), status, "{line}: {seen:?}");
    assert_eq!(seen.out, "");
    seen
}

fn refused_is_125() {
    for tool in TOOLS {
        let seen = with_every_error_output(&format!("{}{tool} --bogus -- echo ran", front(tool)), 125);
        assert!(seen.err.starts_with(&format!("{tool}: ")), "{seen:?}");
    }
    // Late enough for its reader to be gone.
    with_every_error_output("(sleep .05; exec nstree --bogus)", 125);
    // A refused call, not only a mistake in the line.
    for tool in TOOLS.iter().filter(|tool| **tool != "unshare-user") {
        with_every_error_output(&format!("{}{tool} -- echo ran", powerless()), 125);
    }
}

fn not_executable_is_126() {
    let folder = Folder::new();
    fs::write(folder.join("plain"), "not a program\n").expect("a file");
    for tool in TOOLS {
        for (name, why) in [("plain", "may not be executed"), (".", "is a directory")] {
            let seen = with_every_error_output(&format!("{}{tool} -- {folder}/{name}", front(tool)), 126);
            assert!(seen.err.starts_with(&format!("{tool}: execvp(\"{folder}/{name}\"): E")), "{seen:?}");
            assert!(seen.err.contains(why), "{seen:?}");
        }
    }
}

fn not_found_is_127() {
    for tool in TOOLS {
        for name in ["/nonexistent/program", "no-such-program-at-all"] {
            let seen = with_every_error_output(&format!("{}{tool} -- {name}", front(tool)), 127);
            let first = format!("{tool}: execvp(\"{name}\"): ENOENT: No such file or directory\n");
            assert!(seen.err.starts_with(&first), "{seen:?}");
        }
        let seen = sh(&format!("{}{tool} -- ''", front(tool)));
        assert_eq!(seen.code(), 127, "an empty name: {seen:?}");
    }
    let seen = sh(&format!("exec env -u PATH {}/unshare-user -- no-such-program-at-all", tools().display()));
    assert_eq!(seen.code(), 127, "{seen:?}");
    assert!(seen.err.contains("hint: PATH is not set, and it is in none of /bin, /usr/bin"), "{seen:?}");
}

/// Nothing is wrong with the command, and it may run the next time.
fn troubles_of_the_system_are_125() {
    need("strace");
    for errno in ["ENOMEM", "EAGAIN", "EMFILE", "ENFILE"] {
        let fault = format!("strace -qq -o /dev/null -e inject=execve:error={errno}:when=1 ");
        let seen = sh(&format!("{fault} unshare-user -- /bin/echo ran"));
        assert!(seen.refused().starts_with(&format!("unshare-user: execvp(\"/bin/echo\"): {errno}: ")), "{seen:?}");
    }
}

/// A root from another machine: not even its shell runs, which is what execvp(3) tries last.
fn program_of_another_machine() {
    let folder = Folder::new();
    fs::create_dir(folder.join("bin")).expect("a folder");
    let shell = folder.join("bin/sh");
    fs::write(&shell, b"\x7fELF of another machine").expect("a file");
    fs::set_permissions(&shell, fs::Permissions::from_mode(0o755)).expect("a mode");
    let seen = sh(&format!("{}unshare-mnt --root {folder} -- sh", front("unshare-mnt")));
    assert_eq!(seen.code(), 126, "{seen:?}");
    assert!(seen.err.contains("execvp(\"sh\"): ENOEXEC: "), "{seen:?}");
    assert!(seen.err.contains("hint: \"/bin/sh\" is no program that this kernel can run"), "{seen:?}");
}

fn help_and_version() {
    for tool in TOOLS {
        for option in ["-h", "--help"] {
            let seen = sh(&format!("{tool} {option}"));
            assert!(seen.ok().contains(&format!("Usage: {tool} [OPTION]... [--] [COMMAND [ARG]...]")), "{seen:?}");
            assert_eq!(seen.err, "");
        }
        for option in ["-V", "--version"] {
            let seen = sh(&format!("{tool} {option}"));
            assert!(seen.ok().starts_with(&format!("{tool} ")), "{seen:?}");
        }
    }
}

fn help_into_a_full_device() {
    for tool in TOOLS {
        for option in ["--help", "--version"] {
            let seen = sh(&format!("{tool} {option} >/dev/full"));
            assert_eq!(seen.code(), 125, "{seen:?}");
            let line = format!("{tool}: write(standard output): ENOSPC: No space left on device\n");
            assert_eq!(seen.err, line);
            assert_eq!(sh(&format!("{tool} {option} >/dev/full 2>&1")).code(), 125);
        }
    }
}

/// The two lines of the contract, word for word.
fn refused_call_and_its_hint() {
    for (tool, flag) in [
        ("unshare-pid", "CLONE_NEWPID"),
        ("unshare-mnt", "CLONE_NEWNS"),
        ("unshare-net", "CLONE_NEWNET"),
        ("unshare-uts", "CLONE_NEWUTS"),
        ("unshare-ipc", "CLONE_NEWIPC"),
    ] {
        let seen = sh(&format!("{}{tool} -- echo ran", powerless()));
        let expected = format!(
            "{tool}: unshare({flag}): EPERM: Operation not permitted\n\
             {tool}: hint: needs CAP_SYS_ADMIN here: run as root, or put 'unshare-user --' in front"
        );
        assert_eq!(seen.refused(), expected);
    }
}

/// The kernel says "No space left on device"; the hint says what is meant.
fn nesting_depth() {
    for (tool, deepest) in [("unshare-pid", 32), ("unshare-user", 33)] {
        let front = front(tool);
        let chain = |links: usize| format!("{front}{} echo ran", format!("{tool} -- ").repeat(links));
        // How deep we stand already is not for us to say: where the tests run in such a namespace, less is left.
        let seen = sh(&chain(deepest + 2));
        let call = if tool == "unshare-pid" { "unshare(CLONE_NEWPID)" } else { "unshare(CLONE_NEWUSER)" };
        assert!(seen.refused().starts_with(&format!("{tool}: {call}: ENOSPC: ")), "{seen:#?}");
        assert!(
            seen.err.contains(&format!("{tool}: hint: ")) && seen.err.contains(&format!("{deepest} deep")),
            "{seen:#?}"
        );
        assert_eq!(sh(&chain(deepest - 8)).ok(), "ran");
    }
}

fn missing_interpreter() {
    let folder = Folder::new();
    let program = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).expect("a program");
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).expect("a mode");
    };
    program("script", b"#!/nonexistent/interpreter -x\n");
    program("dos", b"#!/bin/sh\r\necho hello\r\n");
    // A real dynamic program, whose loader has another name.
    let mut elf = fs::read("/bin/sh").expect("a shell");
    let at = elf.windows(4).position(|four| four == b"/ld-").expect("its loader's name");
    elf[at..at + 4].copy_from_slice(b"/no-");
    program("elf", &elf);
    for tool in TOOLS {
        for (name, says) in [
            ("script", "its interpreter \"/nonexistent/interpreter\" is not"),
            ("dos", "CR LF"),
            ("elf", "is there, its interpreter \"/lib"),
        ] {
            let seen = with_every_error_output(&format!("{}{tool} -- {folder}/{name}", front(tool)), 127);
            assert!(
                seen.err
                    .lines()
                    .nth(1)
                    .is_some_and(|line| line.starts_with(&format!("{tool}: hint: ")) && line.contains(says)),
                "{seen:#?}"
            );
        }
    }
}

/// Names that would set a terminal's title, clear it, break the line, or turn its direction: not in any message.
fn hostile_names() {
    let folder = Folder::new();
    let name = "a\x1b]0;title\x07\x1b[2J\nunshare-user: all is well\r\u{202e}\u{9b}31m\u{61c}\u{ad}\u{e0041}";
    fs::write(folder.join(name), format!("#!/nowhere/{}\n", name.replace('\n', ""))).expect("a script");
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).expect("a mode");
    for line in [
        "unshare-uts -- \"$N\"",
        "unshare-uts -- \"$D/$N\"",
        "unshare-uts -- \"$D/$N/x\"",
        "unshare-uts \"--$N\"",
        "unshare-uts --hostname \"$N$N$N$N\"",
        "unshare-uts --keep \"$D/$N\"",
        "unshare-mnt --keep \"$D/none/$N\" -- true",
        "unshare-user --map-users \"$N\"",
        "unshare-user --setgroups \"$N\"",
        "unshare-user --map-user \"$N\"",
        "unshare-pid --mount-proc=\"$D/none$N\" -- true",
        "unshare-pid --mount-proc=\"$D/$N\" -- true",
        "unshare-pid --pid-file \"$D/none/$N\" -- true",
        "unshare-mnt --bind \"$D/$N\" \"/none$N\" -- true",
        "unshare-mnt --bind \"/none$N\" /mnt -- true",
        "unshare-mnt --tmpfs \"/none$N\" -- true",
        "unshare-mnt --root \"$D/$N\" -- true",
        "unshare-mnt --chdir \"/none$N\" -- true",
        "unshare-mnt --remount-ro \"$D/$N\" -- true",
        "unshare-mnt --overlay-src \"/none$N\" --tmp-overlay /mnt -- true",
        "unshare-mnt --propagation \"$N\" -- true",
        "unshare-net --veth \"host=$N\" -- true",
        "unshare-net --veth \"$N=x\" -- true",
        "unshare-net --move \"$N\" -- true",
        "unshare-net --route \"$N,via=$N\" -- true",
        "unshare-net --sysctl \"net.$N=1\" -- true",
        "unshare-ipc --sysctl \"kernel.shm$N=1\" -- true",
        "unshare-ipc --sysctl \"kernel.shmmax=$N\" -- true",
        "unshare-time --boottime \"$N\" -- true",
        "limit-cgroup --memory \"$N\" -- true",
        "limit-cgroup --cpus \"$N\" -- true",
        "limit-cgroup --set \"$N=1\" -- true",
        "limit-cgroup --parent \"/none$N\" -- true",
        "limit-cgroup --name \"$N\" -- true",
        "nstree \"$N\"",
        "nstree --type \"$N\"",
    ] {
        let tool = line.split(' ').next().expect("a tool");
        let front = if ["unshare-user", "limit-cgroup", "nstree"].contains(&tool) { "" } else { user() };
        for explain in ["", "UNSHARE_EXPLAIN=1 "] {
            let mut scene =
                crate::support::script(&format!("{front}{explain}{line}").replace("-- UNSHARE", "-- env UNSHARE"));
            scene.env("N", name).env("D", folder.path());
            let seen = crate::support::watch(scene, crate::support::LIMIT);
            assert!(seen.code() >= 125, "{line}: {seen:?}");
            let hides = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{61c}\u{ad}\u{e0041}".contains(c);
            assert!(!seen.err.contains(hides), "{line}: {seen:?}");
            assert!(seen.err.lines().all(|text| text.starts_with(&format!("{tool}: "))), "{line}: {seen:?}");
            assert!(!seen.err.lines().any(|text| text == "unshare-user: all is well"), "{line}: {seen:?}");
        }
    }
}

/// Set-user-ID and set-group-ID copies, and one with two IDs.
fn rights_of_the_file() {
    let folder = Folder::new();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let many = many();
    let all = TOOLS.iter().chain(&["limit-cgroup", "nstree"]);
    for tool in all {
        let copies = format!(
            "{many} sh -ec 'for f in user:4755 group:2755; do cp {0}/{tool} {folder}/${{f%:*}}; chown 5:5 {folder}/${{f%:*}}; chmod ${{f#*:}} {folder}/${{f%:*}}; done'",
            tools().display()
        );
        sh(&copies).ok();
        let command = if *tool == "nstree" { "" } else { "-- echo ran" };
        for line in [
            format!("{many} {folder}/user {command}"),
            format!("{many} {folder}/group {command}"),
            format!("{many} setpriv --euid 5 {tool} {command}"),
        ] {
            let seen = sh(&line);
            assert_eq!((seen.code(), seen.out.as_str()), (125, ""), "{line}: {seen:?}");
            let lines: Vec<&str> = seen.err.lines().collect();
            assert_eq!(lines[0], format!("{tool}: started with rights that its caller has not (AT_SECURE)"), "{line}");
            assert!(lines.len() == 2 && lines[1].contains("hint: the file of this program"), "{line}: {seen:?}");
        }
        sh(&format!("{many} rm -f {folder}/user {folder}/group")).ok();
    }
}

fn default_shell() {
    let folder = Folder::new();
    let shell = folder.join("shell");
    fs::write(&shell, "#!/bin/sh\necho this shell, $# arguments\n").expect("a shell");
    fs::set_permissions(&shell, fs::Permissions::from_mode(0o755)).expect("a mode");
    for tool in TOOLS {
        let seen = sh(&format!("SHELL={} {}{tool}", shell.display(), front(tool)));
        assert_eq!(seen.ok(), "this shell, 0 arguments", "{tool}");
    }
}

fn unusable_shell() {
    let folder = Folder::new();
    let orphan = folder.join("orphan");
    fs::write(&orphan, "#!/nonexistent\n").expect("a shell");
    fs::set_permissions(&orphan, fs::Permissions::from_mode(0o755)).expect("a mode");
    let orphan = format!("SHELL={}", orphan.display());
    for tool in TOOLS {
        for shell in ["SHELL=/nonexistent", "SHELL=", "SHELL=/etc/passwd", "SHELL=/", "env -u SHELL", &orphan] {
            let seen = sh(&format!("echo 'echo $0 ran' | {shell} {}{tool}", front(tool)));
            assert_eq!(seen.ok(), "/bin/sh ran", "{tool} with {shell}");
        }
    }
}

/// `--explain` names the namespace before and after, as `/proc` shows it from outside and from inside, and leaves
/// standard output alone.
fn explain_names_both_namespaces() {
    for tool in TOOLS {
        let kind = tool.trim_start_matches("unshare-");
        let first = if kind == "user" { "" } else { user() };
        let look = format!("readlink /proc/self/ns/{kind}");
        let seen = sh(&format!("{look}; {first}{tool} --explain -- {look}"));
        assert!(seen.status.success(), "{tool}: {seen:?}");
        let ids: Vec<&str> = seen.out.lines().collect();
        assert_eq!(ids.len(), 2, "{tool}: {seen:?}");
        let both = format!("({} -> {})", ids[0], ids[1]);
        assert!(ids[0] != ids[1] && seen.err.contains(&both), "{tool}: no {both}: {}", seen.err);
    }
}

/// A fork has two ends, and one of them tells of it.
fn explain_tells_each_fork_once() {
    for (options, forks) in [("", 1), ("--init ", 2)] {
        let seen = sh(&format!("{}unshare-pid --explain {options}-- true", user()));
        let lines: Vec<&str> = seen.err.lines().filter(|line| line.contains("fork()")).collect();
        assert_eq!(lines.len(), forks, "{}", seen.err);
        assert!(lines.iter().all(|line| line.contains("fork() = process ")), "{}", seen.err);
    }
}
