//! The system calls of a link without options, one by one: each serves something, and there is no other. The C library's
//! own, before `main`, are counted only.

use crate::support::{Folder, is_static, need, sh, user};
use std::fs;

crate::tests![links, supervisors];

/// What each tool calls first: what it was handed over, and is to hand on.
const TAKE: &str = "rt_sigprocmask fcntl fcntl fcntl";
/// And from there until the command is executed: look, enter, configure, become.
const LINKS: &[(&str, &str)] = &[
    (
        "unshare-user",
        "capget geteuid getegid geteuid getegid unshare openat fstatfs write close openat fstatfs write close openat fstatfs write close geteuid rt_sigprocmask execve",
    ),
    ("unshare-uts", "unshare rt_sigprocmask execve"),
    ("unshare-ipc", "unshare rt_sigprocmask execve"),
    ("unshare-cgroup", "unshare rt_sigprocmask execve"),
    ("unshare-mnt", "unshare mount rt_sigprocmask execve"),
    ("unshare-net", "unshare socket connect setsockopt setsockopt sendto recvfrom rt_sigprocmask execve"),
];
/// Of the C library: 12 with glibc 2.36.
const START: usize = 16;
/// Of the allocator, at any time: memory.
const MEMORY: [&str; 3] = ["getrandom", "brk", "mmap"];
/// Of the two or three processes, each from its fork to the end: the calls of the command itself are not counted.
const SUPERVISORS: [(&str, usize); 2] = [("unshare-pid", 40), ("unshare-pid --init", 60)];

/// The names of the calls, process by process, of a line that ends in a program that does nothing.
fn traced(line: &str) -> Vec<Vec<String>> {
    need("strace");
    let folder = Folder::new();
    let true_ = "/bin/true";
    sh(&format!("cd {folder} && exec strace -ff -o t {line} -- {true_}")).ok();
    let mut files: Vec<_> =
        fs::read_dir(folder.join(".")).expect("traces").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let name = |line: &str| {
        let is_executed = !line.starts_with("execve(") || line.ends_with("= 0");
        line.split_once('(').filter(|_| is_executed).map(|(name, _)| name.to_owned())
    };
    files.iter().map(|file| fs::read_to_string(file).expect("a trace").lines().filter_map(name).collect()).collect()
}

fn links() {
    for (tool, calls) in LINKS {
        let trace = traced(&format!("{}{tool}", user())).remove(0);
        // The last but one execve is the tool's own beginning, the last one the command's.
        let executed: Vec<usize> = (0..trace.len()).filter(|&at| trace[at] == "execve").collect();
        let [.., begin, end] = executed[..] else { panic!("{tool}: {trace:?}") };
        let own = &trace[begin + 1..=end];
        let first = own.iter().position(|call| call == "rt_sigprocmask").expect("SIGPIPE");
        let after: Vec<&str> = own[first..].iter().map(String::as_str).filter(|call| !MEMORY.contains(call)).collect();
        assert_eq!(after.join(" "), format!("{TAKE} {calls}"), "{tool}");
        assert!(!is_static() || first <= START, "{tool}: {first} before main: {:?}", &own[..first]);
    }
}

fn supervisors() {
    for (line, most) in SUPERVISORS {
        let traces = traced(&format!("{}{line}", user()));
        let own = |trace: &Vec<String>| {
            let executed: Vec<usize> = (0..trace.len()).filter(|&at| trace[at] == "execve").collect();
            match (executed[..].len(), &executed[..]) {
                // The supervisor: all after its start.
                (1.., [.., _]) if trace.iter().any(|call| call == "unshare") => {
                    trace.iter().rev().take_while(|call| *call != "unshare").count()
                }
                // The command's process, until it is the command.
                (1.., [.., last]) => *last,
                // The init.
                _ => trace.len(),
            }
        };
        let total: usize = traces.iter().map(own).sum();
        assert!(total <= most, "{line}: {total}: {traces:?}");
    }
}
