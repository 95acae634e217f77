//! The limits hold, for the command and all that it starts. Where cgroup v1 has the memory, CPU and process controllers,
//! these scenes show that `limit-cgroup` says so; `make check-vm` has them in v2.

use crate::limit::{group, group_of_root};
use crate::support::cgroups::{Group, has, tree};
use crate::support::runner::skip;
use crate::support::{LIMIT, command, need, sh, user, watch};
use std::fs;
use std::path::Path;

crate::tests![bounded_world, memory, memory_of_a_child, pids, cpus, io, cpu_list, limited_servers,];

/// The line that the contract gives, in a group of the caller's own: PID 1 of its world, at the root of its groups, bounded.
fn bounded_world() {
    let Some(group) = group_with("memory", "--memory 512M") else { return };
    let seen = sh(&format!(
        "echo $$ >{group}/cgroup.procs
         exec limit-cgroup --memory 512M -- {}unshare-cgroup -- unshare-pid -- sh <<'.'
         echo $$; cat /proc/self/cgroup {group}/limit-*/memory.max {group}/limit-*/memory.swap.max
.",
        user()
    ));
    assert_eq!((seen.ok(), seen.err.as_str()), ("1\n0::/\n536870912\n0", ""));
    assert!(group.children().is_empty());
}

/// A group for a scene whose controller v2 has. Without it, these options are refused, and it is said why.
fn group_with(controller: &str, options: &str) -> Option<Group> {
    if has(controller) {
        return group();
    }
    let seen = sh(&format!("limit-cgroup --parent {} {options} -- echo ran", tree().display()));
    assert!(seen.refused().contains(&format!("the controller '{controller}' is not there in")), "{seen:?}");
    assert!(seen.err.contains(", which has: ") && seen.err.contains("hint: "), "{seen:?}");
    None
}

/// A hog is killed at its limit, and nobody else is. Its own status, and a line that says why.
fn memory() {
    let Some(group) = group_with("memory", "--memory 24M") else { return };
    let seen = sh(&format!(
        "sleep 100 & limit-cgroup --parent {group} --memory 24M -- tail /dev/zero; echo $?; kill -0 $! && echo neighbour lives; kill $!"
    ));
    assert_eq!(seen.out, "137\nneighbour lives\n", "{seen:?}");
    let line = "limit-cgroup: out of memory: the kernel killed 1 process at the limit (memory.max is 25165824)";
    assert!(seen.err.contains(line), "{seen:?}");
    // Within the limit nothing is said, and swap is none.
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it --memory 64M -- cat {group}/it/memory.max {group}/it/memory.swap.max"
    ));
    assert_eq!((seen.ok(), seen.err.as_str()), ("67108864\n0", ""));
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it --memory 64M --set memory.swap.max=16M -- cat {group}/it/memory.swap.max; \
         limit-cgroup --parent {group} --name it --memory max -- cat {group}/it/memory.max {group}/it/memory.swap.max"
    ));
    assert_eq!(seen.ok(), "16777216\nmax\nmax");
}

/// The command outlives its child, and its status counts; of nested limits, the one that was reached says so.
fn memory_of_a_child() {
    let Some(group) = group_with("memory", "--memory 24M") else { return };
    let seen = sh(&format!("limit-cgroup --parent {group} --memory 24M -- sh -c 'tail /dev/zero; echo $?; exit 9'"));
    assert_eq!((seen.code(), seen.out.as_str()), (9, "137\n"), "{seen:?}");
    assert_eq!(seen.err.lines().filter(|line| line.starts_with("limit-cgroup: out of memory")).count(), 1, "{seen:?}");
    let seen = sh(&format!("limit-cgroup --parent {group} --memory 24M -- limit-cgroup --memory 1G -- tail /dev/zero"));
    assert_eq!(seen.code(), 137, "{seen:?}");
    assert!(seen.err.contains("killed 1 process, not at this limit (memory.max is 1073741824)"), "{seen:?}");
    assert!(seen.err.contains("killed 1 process at the limit (memory.max is 25165824)"), "{seen:?}");
}

/// A fork bomb stops at the limit, is gone afterwards, and this suite goes on.
fn pids() {
    let Some(group) = group_with("pids", "--pids-limit 20") else { return };
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name bomb --pids-limit 20 -- sh -c '
            bomb() {{ bomb | bomb & }}
            (bomb) 2>/dev/null; for i in 1 2 3 4 5 6 7 8; do echo /proc/self/x; read current <{group}/bomb/pids.current; echo $current; done' |
         grep -v proc | sort -n | tail -n 1; ls {group} | grep -c bomb"
    ));
    let (most, left) = seen.out.trim_end().split_once('\n').expect("two lines");
    assert!((2..=20).contains(&most.parse::<u32>().expect("a number")), "{seen:?}");
    assert_eq!(left, "0", "{seen:?}");
    let seen =
        sh(&format!("limit-cgroup --parent {group} --pids-limit 1 -- sh -c 'echo alone; (true) && echo forked'"));
    assert!(seen.out == "alone\n" && seen.code() != 0, "{seen:?}");
    for (tool, line) in
        [("unshare-pid", format!("{}unshare-pid", user())), ("limit-cgroup", format!("limit-cgroup --parent {group}"))]
    {
        let seen = sh(&format!("limit-cgroup --parent {group} --name one --pids-limit 1 -- {line} -- echo ran"));
        assert!(seen.refused().starts_with(&format!("{tool}: fork(): EAGAIN")), "{seen:?}");
        assert!(seen.err.contains("/one\" has as many processes as its pids.max allows, 1:"), "{seen:?}");
    }
}

/// A busy loop gets half of a CPU.
fn cpus() {
    let Some(group) = group_with("cpu", "--cpus 0.5") else { return };
    // Others may take CPU time that the loop could have had: then once more. More than its half it never gets.
    let ratios: Vec<f64> = (0..5).map(|_| busy_ratio(&group)).take_while(|ratio| *ratio < 0.45).collect();
    assert!(ratios.len() < 5, "{ratios:?}");
}

/// What a busy loop gets of a CPU with half of one as its limit.
fn busy_ratio(group: &Group) -> f64 {
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it --cpus 0.5 -- sh -c '
            cat {group}/it/cpu.max
            used() {{ sed -n s/^usage_usec.//p {group}/it/cpu.stat; cut -d\" \" -f1 /proc/uptime; }}
            used; timeout 5 sh -c \"while :; do :; done\"; used'"
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert_eq!(lines[0], "50000 100000", "{seen:?}");
    let number = |at: usize| lines[at].parse::<f64>().expect("a number");
    let ratio = (number(3) - number(1)) / 1e6 / (number(4) - number(2));
    assert!(ratio <= 0.55, "{ratio}: {seen:?}");
    ratio
}

/// Limits for a disk, which reads back with the words that were not set.
fn io() {
    let Some(group) = group_with("io", "--set io.max=x") else { return };
    let disks = fs::read_dir("/sys/block").expect("the disks").flatten();
    let Some(disk) = disks.map(|disk| disk.path()).find(|disk| disk.join("dev").exists()) else {
        skip("there is no block device")
    };
    let disk = fs::read_to_string(disk.join("dev")).expect("a number").trim_end().to_owned();
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it --set io.max='{disk} rbps=1048576 wiops=100' -- cat {group}/it/io.max"
    ));
    assert_eq!(seen.ok(), format!("{disk} rbps=1048576 wbps=max riops=max wiops=100"));
    assert_eq!(seen.err, "");
}

/// Written as a list, read as a range: the same, so nothing is said.
fn cpu_list() {
    let Some(group) = group_with("cpuset", "--set cpuset.cpus=0") else { return };
    let all = fs::read_to_string(tree().join("cpuset.cpus.effective")).expect("the CPUs").trim_end().to_owned();
    let list = if all == "0-1" { "0,1".to_owned() } else { all.clone() };
    let seen =
        sh(&format!("limit-cgroup --parent {group} --name it --set cpuset.cpus={list} -- cat {group}/it/cpuset.cpus"));
    assert_eq!((seen.ok(), seen.err.as_str()), (all.as_str(), ""));
}

/// `examples/limited-servers.sh`: each server within its limits; a hog in one's group harms neither. Where a controller is
/// missing, it says so and starts nothing.
fn limited_servers() {
    for program in ["apache2", "vsftpd", "curl", "nsenter"] {
        need(program);
    }
    // The suite may run from a copy of the tree: that one's first.
    let here = Path::new("examples/limited-servers.sh").to_owned();
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/limited-servers.sh");
    let group = group_of_root();
    let parent = group.as_ref().map_or_else(|| "/".to_owned(), ToString::to_string);
    let mut example = command("sh");
    example.arg(if here.exists() { here } else { built }).arg(&parent);
    let seen = watch(example, LIMIT * 2);
    let missing = ["cpu", "memory", "pids"].into_iter().find(|controller| !has(controller));
    if let Some(controller) = missing {
        assert!(seen.refused().contains(&format!("the controller '{controller}' is not there in")), "{seen:?}");
    } else if group.is_none() {
        assert!(seen.refused().contains("EACCES"), "{seen:?}");
    } else {
        for server in ["web", "ftp"] {
            let (_, limits) = seen.ok().split_once(&format!("== {server}, in {parent}/{server}-")).expect("its group");
            let (_, limits) = limits.split_once('\n').expect("its limits");
            let set = "memory.max:67108864\nmemory.swap.max:0\ncpu.max:50000 100000\npids.max:50\nmemory.current:";
            assert!(limits.starts_with(set) && limits.contains("\ninside it sees /\n"), "{seen:?}");
        }
        let end = "a hog in the group of web: killed, status 137\nftp still gives: a file\nweb still gives: a page";
        assert!(seen.ok().ends_with(end), "{seen:?}");
        assert!(seen.err.contains("limit-cgroup: out of memory: the kernel killed 1 process at the limit"), "{seen:?}");
    }
    assert!(group.is_none_or(|group| group.children().is_empty()));
}
