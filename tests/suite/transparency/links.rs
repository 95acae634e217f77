//! What the scenes are played under: nothing, each tool, chains, and the programs of others that do a like thing.

use crate::support::{is_root, sh, user};
use std::sync::OnceLock;

/// How a link stands between a command and its caller. Exceptions are the kernel's, and differ by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is there.
    Bare,
    /// The link became the command.
    Gone,
    /// A link waits, and the command is PID 1.
    First,
    /// A link waits, an init is PID 1, and the command is an ordinary process.
    Init,
    /// Two links wait, and the inner one and the command are each PID 1.
    Nested,
    /// A link waits, and the command is an ordinary process in the caller's PID namespace.
    Waits,
    /// Not ours: only shown.
    Peer,
}

/// One column of the table.
#[derive(Debug, Clone)]
pub struct Link {
    pub name: &'static str,
    pub kind: Kind,
    /// What stands before the command, a shell's words.
    pub words: String,
}

impl Link {
    fn new(name: &'static str, kind: Kind, words: &str) -> Self {
        // Who is not root needs a user namespace first, for all but the tool that makes it.
        let before = if words.is_empty() || words.starts_with("unshare-user") { "" } else { user() };
        Link { name, kind, words: format!("{before}{words}") }
    }
}

/// No link: what a scene is without us.
pub fn bare() -> Link {
    Link::new("bare", Kind::Bare, "")
}

/// Ours. `limit-cgroup` only where it can make a group: [`limit`].
pub fn links() -> Vec<Link> {
    let mut links = vec![
        Link::new("user", Kind::Gone, "unshare-user --"),
        Link::new("mnt", Kind::Gone, "unshare-mnt --"),
        Link::new("net", Kind::Gone, "unshare-net --"),
        Link::new("uts", Kind::Gone, "unshare-uts --"),
        Link::new("ipc", Kind::Gone, "unshare-ipc --"),
        Link::new("cgroup", Kind::Gone, "unshare-cgroup --"),
        Link::new("time", Kind::Gone, "unshare-time --"),
        Link::new("pid", Kind::First, "unshare-pid --"),
        Link::new(
            "six",
            Kind::First,
            "unshare-user -- unshare-pid -- unshare-mnt -- unshare-net -- unshare-uts -- unshare-ipc --",
        ),
        Link::new("--init", Kind::Init, "unshare-pid --init --"),
        Link::new("pid pid", Kind::Nested, "unshare-pid -- unshare-pid --"),
    ];
    links.extend(limit());
    links
}

/// `limit-cgroup`, or why it has no column: it needs a group of cgroup v2 that it may make others in.
pub fn limit() -> Result<Link, String> {
    static PROBE: OnceLock<Result<(), String>> = OnceLock::new();
    let link = Link { name: "limit", kind: Kind::Waits, words: "limit-cgroup --".to_owned() };
    let probe = PROBE.get_or_init(|| {
        let seen = sh(&format!("{} true", link.words));
        if seen.status.success() { Ok(()) } else { Err(seen.err.lines().next().unwrap_or_default().to_owned()) }
    });
    probe.clone().map(|()| link)
}

/// The programs of others. None is wrapped where it can do without.
pub fn peers() -> Vec<Link> {
    let peer = |name, words: &str| Link { name, kind: Kind::Peer, words: words.to_owned() };
    let unshare = if is_root() { "unshare --fork --pid" } else { "unshare --map-root-user --fork --pid" };
    vec![
        peer("unshare", unshare),
        peer("u. kill", &format!("{unshare} --kill-child")),
        peer("bwrap", "bwrap --dev-bind / / --unshare-pid"),
        peer("tini", "tini -s --"),
        peer("catat.", "catatonit --"),
    ]
}
