//! Every system call that a tool makes between parsing and execve(2), made to fail: the table is taken from a trace.

use crate::support::{Folder, Seen, cgroups, marked, need, sh, tools, user};
use std::collections::BTreeMap;

crate::tests![
    unshare_user,
    unshare_user_with_ranges,
    unshare_pid,
    unshare_pid_with_init,
    unshare_mnt,
    unshare_mnt_overlays,
    unshare_net,
    unshare_net_with_a_pair,
    unshare_uts,
    unshare_ipc,
    unshare_cgroup,
    unshare_time,
    unshare_mnt_with_a_root,
    limit_cgroup,
];

/// The errors that a refusal may have.
const ERRORS: [&str; 4] = ["EPERM", "EINVAL", "ENOSPC", "ENOMEM"];

/// The calls that a signal can interrupt: one EINTR, and the tool goes on.
const INTERRUPTIBLE: [&str; 12] = [
    "read", "write", "openat", "openat2", "recvfrom", "sendto", "recvmsg", "sendmsg", "waitid", "wait4", "poll",
    "ppoll",
];

/// What is left out, by call and a part of its arguments, each with its reason.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("poll", ", 20", "while the command starts: it may run by then, and a read waits for it as well"),
    ("execve", "", "the end: its failures are 126 and 127, and have tests of their own"),
    ("brk", "", "memory of the allocator and the loader: without it there is no program"),
    ("mmap", "", "as brk"),
    ("munmap", "", "as brk; a failure loses nothing"),
    ("mprotect", "", "as brk"),
    ("madvise", "", "advice to the kernel"),
    ("mremap", "", "as brk"),
    ("close", "", "the descriptor is gone whatever it answers: close(2)"),
    ("close_range", "", "in init: it would hold what the caller held, which does no harm"),
    ("fcntl", "F_GETFD", "an assertion of debug builds"),
    ("fcntl", "F_SETFD", "the flag of a descriptor that is ours cannot fail to be set"),
    ("rt_sigaction", "", "has no error with valid arguments: sigaction(2)"),
    ("rt_sigprocmask", "", "has no error with valid arguments: sigprocmask(2)"),
    ("rt_sigtimedwait", "", "after the start: a supervisor that waits"),
    ("sigaltstack", "", "the runtime's, at the start and end of a thread"),
    ("getpid", "", "has no error: getpid(2)"),
    ("gettid", "", "has no error: gettid(2)"),
    ("getuid", "", "has no error: getuid(2)"),
    ("geteuid", "", "has no error: getuid(2)"),
    ("getegid", "", "has no error: getgid(2)"),
    ("getpgrp", "", "has no error: getpgrp(2)"),
    ("umask", "", "has no error: umask(2)"),
    ("set_robust_list", "", "the C library's, at the start of a thread"),
    ("rseq", "", "as set_robust_list"),
    ("rt_sigreturn", "", "no call of ours"),
    ("exit", "", "does not return"),
    ("exit_group", "", "does not return"),
    ("futex", "", "waits for a thread of ours; tried again by the standard library"),
    ("openat", "/dev/tty", "without a terminal there is none to care for"),
    ("read", "<pipe:", "in init, which waits for nothing else: where it cannot wait it ends, and all with it"),
    ("setsid", "", "in the guard: it stays in the caller's session, which does no harm"),
    ("setpgid", "", "in init: it stays in the caller's process group, which does no harm"),
    ("chdir", "\"/\"", "in init: it stays in the caller's directory, which does no harm"),
    ("prctl", "PR_SET_NAME", "in init: it keeps the tool's name"),
    ("sched_getaffinity", "", "the C library's, at the start of a thread"),
    ("prlimit64", "", "the C library's, at the start of a thread"),
    ("getrandom", "", "the standard library's, for its hash maps"),
    ("statx", "/proc/", "the standard library's, for the size of its buffer"),
    ("statx", "bin/echo", "a look at the command ahead of its execution, for 126 and 127 alone"),
    ("statx", "/ld-linux", "as the one before: the command's interpreter"),
    ("access", "bin/echo", "as the one before"),
    ("openat", "bin/echo", "as the one before"),
    ("read", "/echo>", "as the one before"),
    ("setitimer", "", "has no error with valid arguments: setitimer(2)"),
    ("setsockopt", "NETLINK_EXT_ACK", "better messages from the kernel; it works without"),
    ("setsockopt", "NETLINK_CAP_ACK", "shorter answers from the kernel; it works without"),
    ("openat", "/mountinfo", "unshare-mnt: a second look at what is read-only, where a /proc is there to look into"),
    ("read", "/mountinfo", "as the one before"),
    ("waitid", "", "reaps a child of ours that has ended: waitid(2) has no error then"),
    ("statx", "cgroup", "limit-cgroup: a look whether it is a group, and the root; what cannot be looked at is none"),
    ("statfs", "cgroup", "as the one before"),
    ("flock", "", "in the guard: tried again; without it what the parent hands down is left as it is"),
    ("openat", "\".\"", "as the one before"),
    ("fsconfig", "\"source\"", "the name of the mount in /proc/mounts; it works without"),
];

/// Where unshare-mnt may go on in another way, which older kernels need: by call, a part of its arguments, and the error
/// (empty: any). The command has to run as it does otherwise.
const OTHER_WAY: &[(&str, &str, &str)] = &[
    // The supervisor's last look whether the command's process was executed: it may run by then, and goes on.
    ("recvfrom", "\"\", 1", ""),
    ("recvfrom", "<unfinished", ""),
    // Binds what cannot be cloned by its path: descriptors from outside.
    ("open_tree", "", "EINVAL"),
    // Names the layers by path: a descriptor as a value takes Linux 6.13.
    ("fsconfig", "FSCONFIG_SET_FD", ""),
    // Attaches the memory first, and makes the overlay again: Linux before 6.15 wants that.
    ("fsconfig", "FSCONFIG_CMD_CREATE", "EINVAL"),
];

/// How a call may be named in a message, where not by its own name.
const NAMES: &[(&str, &[&str])] = &[
    ("openat", &["open(", "read(", "write("]),
    ("openat2", &["open", "--"]),
    ("clone", &["fork("]),
    ("clone3", &["fork(", "clone("]),
    ("readlink", &["readlink(", "realpath("]),
    ("readlinkat", &["readlink("]),
    ("mkdirat", &["mkdir"]),
    ("symlinkat", &["symlink"]),
    ("newfstatat", &["stat", "read("]),
    ("statx", &["stat", "read("]),
    ("fstat", &["stat", "read("]),
    ("lseek", &["read("]),
    // What a helper is told to do is named by what it does.
    ("recvfrom", &["recv", "mkdir(", "RTM_", "MS_BIND", "/proc/PID/", "fork("]),
    ("sendto", &["send", "mkdir(", "write(guard)", "RTM_", "MS_BIND", "/proc/PID/", "fork("]),
    ("poll", &["poll", "fork("]),
    // A look whether what is to be bound is a namespace.
    ("statfs", &["statfs(", "MS_BIND"]),
    // The same whether what is to be written is of proc.
    ("fstatfs", &["statvfs(", "write("]),
    ("fchdir", &["chdir("]),
    // The guard answers for the making of the group.
    ("chdir", &["chdir(", "mkdir("]),
    ("connect", &["connect(NETLINK", "socket(NETLINK"]),
    ("getsockname", &["socket(NETLINK"]),
    ("setsockopt", &["socket(NETLINK", "setsockopt("]),
    ("fsopen", &["fsopen", "mount("]),
    ("fsconfig", &["fsconfig", "mount("]),
    ("fsmount", &["fsmount", "mount("]),
    ("move_mount", &["move_mount", "mount("]),
    ("pidfd_open", &["pidfd_open"]),
];

/// One call of the trace: its name, which of those by its process it is, and its arguments.
#[derive(Debug, Clone)]
struct Call {
    name: String,
    nth: usize,
    arguments: String,
}

/// The calls of a trace by `strace -f`, by process, up to the execution of the command. The first process comes first.
fn read_trace(text: &str, end: &str) -> Vec<Vec<Call>> {
    let mut processes: Vec<(String, Vec<Call>, BTreeMap<String, usize>)> = Vec::new();
    for line in text.lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.contains(end) {
            break;
        }
        let Some((name, arguments)) = rest.split_once('(') else { continue };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let at = processes.iter().position(|(known, ..)| known == pid).unwrap_or_else(|| {
            processes.push((pid.to_owned(), Vec::new(), BTreeMap::new()));
            processes.len() - 1
        });
        let (_, calls, counts) = &mut processes[at];
        let nth = counts.entry(name.to_owned()).or_default();
        *nth += 1;
        calls.push(Call { name: name.to_owned(), nth: *nth, arguments: arguments.to_owned() });
    }
    processes.into_iter().map(|(_, calls, _)| calls).collect()
}

/// A shell script where nothing that it leaves does harm: mounts are its own, and so is the network.
fn scene(text: &str) -> Seen {
    sh(&format!("exec {} unshare --mount --net --propagation private sh -c '{text}'", user()))
}

/// Makes every call of `tool OPTIONS` fail, one at a time. `folder` is where the options make files, and is empty
/// before and after.
fn every_call_fails(tool: &str, options: &str, folder: &Folder) {
    every_call_fails_with(":", tool, options, "/bin/echo", folder);
}

/// The same with `before` run first, each time, and another echo(1) as the command.
fn every_call_fails_with(before: &str, tool: &str, options: &str, echo: &str, folder: &Folder) {
    need("strace");
    let mark = format!("mark-{}", folder.path().display().to_string().replace('/', "-"));
    let kept = format!("for f in {folder}/*; do umount $f; rm -f $f; done 2>/dev/null");
    // What every process does before its own work: the loader and the runtime, up to the first line of output.
    let begin = sh(&format!("strace -qq -f -o /dev/stderr {}/{tool} --version", tools().display()));
    let start = read_trace(&begin.err, "write(1,").remove(0);
    let traced =
        scene(&format!("{before}; strace -qq -f -y -s 100 -o /dev/stderr {tool} {options} -- {echo} {mark}; {kept}"));
    let processes = read_trace(&traced.err, &format!("[\"{echo}\", \"{mark}\"]"));
    assert_eq!(traced.out.trim(), mark, "{traced:#?}");
    let last = |name: &str| start.iter().filter(|call| call.name == name).count();
    let mut table: Vec<Call> = Vec::new();
    for call in processes.iter().flatten() {
        let is_left_out = LEFT_OUT.iter().any(|(name, part, _)| *name == call.name && call.arguments.contains(part));
        // strace counts by process: where the first one does so many before its own work, it would fail there.
        let is_start = call.nth <= last(&call.name);
        let is_known = table.iter().any(|known| known.name == call.name && known.nth == call.nth);
        if !is_left_out && !is_start && !is_known {
            table.push(call.clone());
        }
    }
    let chief = if tool == "limit-cgroup" { "mkdir" } else { "unshare" };
    assert!(table.iter().any(|call| call.name == chief), "{table:#?}");
    let mut wrong = Vec::new();
    for call in &table {
        let mut errors = ERRORS.to_vec();
        if INTERRUPTIBLE.contains(&call.name.as_str()) {
            errors.push("EINTR");
        }
        for error in errors {
            // What is no link says so.
            let is_answer = is_no_link(call) || tool == "limit-cgroup" && call.name == "readlink";
            if error == "EINVAL" && is_answer {
                continue;
            }
            let (name, nth) = (&call.name, call.nth);
            let inject = format!("-e trace={name} -e inject={name}:error={error}:when={nth}");
            let seen = scene(&format!(
                "{before}; strace -qq -f -o /dev/null {inject} {tool} {options} -- {echo} {mark}; s=$?
                [ $s = 125 ] || {kept}; ls -A {folder}; grep {folder} /proc/self/mountinfo
                n=0; while grep -q cable: /proc/net/dev && [ $((n += 1)) -lt 99 ]; do sleep 0.02; done
                grep cable: /proc/net/dev; exit $s"
            ));
            if let Some(complaint) = judge(call, error, &seen, &mark) {
                wrong.push(format!(
                    "{complaint}\n    {tool} {options}: {name} #{nth}({}: {error}\n    {seen:?}",
                    call.arguments
                ));
            }
        }
    }
    for _ in 0..1000 {
        if marked(&mark).is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let left = marked(&mark);
    assert!(left.is_empty(), "processes are left: {left:?}");
    assert!(wrong.is_empty(), "{} of {} calls:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

/// Was it a look at what is no link?
fn is_no_link(call: &Call) -> bool {
    call.name == "readlink" && call.arguments.contains("= -1 EINVAL")
}

/// What is wrong with the outcome, if anything.
fn judge(call: &Call, error: &str, seen: &Seen, mark: &str) -> Option<&'static str> {
    if error == "EINTR" {
        // The injected one may be the command's own: then it was executed.
        let ran = seen.out.trim() == mark && seen.status.success() || seen.err.contains("echo: write error");
        return (!ran).then_some("not tried again");
    }
    let is_other_way = OTHER_WAY.iter().any(|(name, part, only)| {
        *name == call.name && call.arguments.contains(part) && (only.is_empty() || *only == error)
    });
    if is_other_way && seen.status.success() && seen.out.trim() == mark {
        return None;
    }
    if seen.out.contains(mark) {
        return Some("the command ran");
    }
    if !seen.out.is_empty() {
        return Some("something is left");
    }
    if seen.status.code() != Some(125) {
        return Some("not 125");
    }
    // The standard library of Rust 1.85 uses these for a socket too. A message is then the process's next one, which the
    // injection may hit: what counts is the status.
    let is_socket = call.arguments.contains("<socket:");
    let name = match call.name.as_str() {
        "write" if is_socket && seen.err.is_empty() => return None,
        "write" if is_socket => "sendto",
        "read" if is_socket => "recvfrom",
        name => name,
    };
    // A helper whose line to the tool fails is gone for the tool.
    let is_line = ["recvfrom", "sendto"].contains(&name);
    // Where two processes fail one after the other, either may be the first to say so.
    let is_named = |line: &&str| line.contains(error) || is_line && line.contains("EPIPE");
    let line = seen.err.lines().find(is_named).unwrap_or_default();
    if !(line.starts_with("unshare-") || line.starts_with("limit-")) {
        return Some("the error is not named");
    }
    let names = NAMES.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, names)| names);
    let is_named = line.contains(name) || names.iter().any(|name| line.contains(name));
    (!is_named).then_some("the call is not named")
}

fn unshare_user() {
    let folder = Folder::new();
    every_call_fails("unshare-user", &format!("-c --keep {folder}/kept"), &folder);
    let folder = Folder::new();
    every_call_fails("unshare-user", "--drop-caps", &folder);
}

/// With a helper outside: here the caller may write the maps.
fn unshare_user_with_ranges() {
    let folder = Folder::new();
    let maps = "--map-users 0:0:1 --map-groups 0:0:1 --setgroups allow --setuid 0 --setgid 0";
    let maps = if crate::support::is_root() { maps } else { "--setuid 0" };
    every_call_fails("unshare-user", maps, &folder);
}

fn unshare_pid() {
    let folder = Folder::new();
    every_call_fails("unshare-pid", &format!("--mount-proc --pid-file {folder}/pid"), &folder);
}

fn unshare_pid_with_init() {
    let folder = Folder::new();
    every_call_fails("unshare-pid", &format!("--init --keep {folder}/kept"), &folder);
}

fn unshare_mnt() {
    let folder = Folder::new();
    let options =
        "--bind /etc /mnt --tmpfs /tmp --dir /tmp/a/b --ro-bind /etc /tmp/a/b --symlink x /tmp/y --chdir /etc";
    every_call_fails("unshare-mnt", options, &folder);
}

fn unshare_net() {
    let folder = Folder::new();
    every_call_fails("unshare-net", &format!("--keep {folder}/kept"), &folder);
}

fn unshare_net_with_a_pair() {
    let folder = Folder::new();
    every_call_fails("unshare-net", "--veth host=cable,address=10.0.0.2/24,host-address=10.0.0.1/24", &folder);
}

fn unshare_uts() {
    let folder = Folder::new();
    every_call_fails("unshare-uts", &format!("--hostname a --domainname b --keep {folder}/kept"), &folder);
}

fn unshare_ipc() {
    let folder = Folder::new();
    every_call_fails("unshare-ipc", "--sysctl kernel.shmmni=100", &folder);
}

fn unshare_cgroup() {
    let folder = Folder::new();
    every_call_fails("unshare-cgroup", &format!("--keep {folder}/kept"), &folder);
}

fn unshare_time() {
    let folder = Folder::new();
    every_call_fails("unshare-time", &format!("--monotonic 5 --boottime 1d --keep {folder}/kept"), &folder);
}

fn unshare_mnt_with_a_root() {
    let folder = Folder::new();
    let options =
        "--root / --ro-bind /etc /etc --dev /dev --remount-ro /dev --tmpfs /mnt --propagation slave --chdir /";
    every_call_fails("unshare-mnt", options, &folder);
}

/// The command lies in the second overlay, whose mount point lies in the first: it runs only with both.
fn unshare_mnt_overlays() {
    let folder = Folder::new();
    let before = "mount -t tmpfs none /mnt; cd /mnt; mkdir -p one low/bin echoes up work; cp /bin/echo echoes; cd /";
    let options = "--overlay-src /mnt/low --tmp-overlay /mnt/one \
        --overlay-src /mnt/echoes --overlay /mnt/up /mnt/work /mnt/one/bin";
    every_call_fails_with(before, "unshare-mnt", options, "/mnt/one/bin/echo", &folder);
}

fn limit_cgroup() {
    // To everybody else the group is refused, which limit:: has.
    let Some(group) = cgroups::Group::new() else { return };
    let folder = Folder::new();
    let (controller, file, value) = cgroups::some_knob();
    // So that the controller is there.
    sh(&format!("limit-cgroup --parent {group} --set {file}={value} -- true")).ok();
    // A guard whose own call failed may leave it handed down.
    let before = format!("echo -{controller} >{group}/cgroup.subtree_control");
    every_call_fails_with(
        &before,
        "limit-cgroup",
        &format!("--parent {group} --set {file}={value}"),
        "/bin/echo",
        &folder,
    );
    sh(&before).ok();
    assert!(group.children().is_empty());
}
