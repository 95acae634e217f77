//! `make demo`: what it shows, without a terminal.

use crate::support::{command, tools, watch};
use std::path::Path;
use std::time::Duration;

crate::tests![host_and_inside_side_by_side];

fn host_and_inside_side_by_side() {
    // The suite may run from a copy of the tree: that one's demo first.
    let here = Path::new("examples/demo.sh").to_owned();
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/demo.sh");
    let mut demo = command("sh");
    demo.arg(if here.exists() { here } else { built }).arg(tools());
    let seen = watch(demo, Duration::from_secs(60));
    let text = seen.ok();
    assert_eq!(seen.err, "");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let row = |name: &str| -> (String, String) {
        let line =
            text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("{name}: {text}"));
        let (host, inside) =
            line[18..].trim_start().split_once("  ").unwrap_or_else(|| panic!("two columns: {line:?}"));
        (host.trim().to_owned(), inside.trim().to_owned())
    };
    for kind in ["user", "pid", "mnt", "net", "uts", "ipc"] {
        let (host, inside) = row(&format!("{kind} namespace"));
        assert_ne!(host, inside);
        assert!(host.starts_with(&format!("{kind}:[")) && inside.starts_with(&format!("{kind}:[")), "{host} {inside}");
    }
    assert_eq!(row("this process").1, "PID 1");
    assert_ne!(row("this process").0, "PID 1");
    assert_eq!(row("processes").1, "1");
    assert_eq!(row("host name"), (crate::support::sh("uname -n").ok().into(), "inside".into()));
    assert_eq!(row("user").1, "0 (root), group 0");
    assert!(row("user").0.starts_with(&format!("{} ", nix::unistd::geteuid())), "{text}");
    assert_eq!(row("interfaces").1, "lo");
    for name in ["mounts", "capabilities", "shared memory", "message queues", "semaphores"] {
        row(name);
    }
}
