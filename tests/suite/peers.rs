//! What unshare(1) and bwrap(1) say to the same refusals: `docs/refusals-of-peers.md` is what they really say.

use crate::refusals::{filter, unshare_user};
use crate::support::{Folder, many, need, sh};
use common::hint::table::{self, Row};
use std::fmt::Write;
use std::path::Path;

crate::tests![beside_ours];

/// One refusal: how it comes about, and the lines that meet it. Of a program without a line there is nothing of the kind, or it
/// is not refused.
struct Refusal {
    row: &'static Row,
    before: &'static str,
    front: &'static str,
    ours: &'static str,
    unshare: &'static str,
    bwrap: &'static str,
}

const fn refusal(row: &'static Row) -> Refusal {
    Refusal { row, before: "", front: "", ours: "", unshare: "", bwrap: "" }
}

impl Refusal {
    /// A line of shell before it.
    const fn before(mut self, line: &'static str) -> Self {
        self.before = line;
        self
    }

    /// What stands in front of the program.
    const fn front(mut self, words: &'static str) -> Self {
        self.front = words;
        self
    }

    const fn ours(mut self, line: &'static str) -> Self {
        self.ours = line;
        self
    }

    const fn unshare(mut self, line: &'static str) -> Self {
        self.unshare = line;
        self
    }

    const fn bwrap(mut self, line: &'static str) -> Self {
        self.bwrap = line;
        self
    }
}

/// A whole bubblewrap, but for one option.
macro_rules! bwrap {
    ($options:literal) => {
        concat!("bwrap ", $options, " --dev-bind / / true")
    };
}

/// Somebody without any right here.
const POWERLESS: &str = "unshare-user --map-user 5 --drop-caps --";

const REFUSALS: &[Refusal] = &[
    // bwrap makes a user namespace unasked.
    refusal(&table::NO_CAPABILITY)
        .front(POWERLESS)
        .ours("unshare-net -- true")
        .unshare("unshare --net true"),
    refusal(&table::LIMIT_ZERO)
        .before("echo 0 >/proc/sys/user/max_uts_namespaces")
        .ours("unshare-uts -- true")
        .unshare("unshare --uts true")
        .bwrap(bwrap!("--unshare-uts")),
    refusal(&table::USER_DEPTH_OR_LIMIT)
        .before("printf '#!/bin/sh\\nunshare-user -- true 2>/dev/null && exec unshare-user -- /mnt/deep \"$@\"\\nexec \"$@\"\\n' >/mnt/deep; chmod 755 /mnt/deep")
        .front("/mnt/deep")
        .ours("unshare-user -- true")
        .unshare("unshare --user true")
        .bwrap(bwrap!("--unshare-user")),
    refusal(&table::UNMAPPED)
        .front("unshare-user --map-none --")
        .ours("unshare-user -- true")
        .unshare("unshare --user true")
        .bwrap(bwrap!("--unshare-user")),
    refusal(&table::CHROOT)
        .before("mkdir -p /mnt/r/usr /mnt/r/proc /mnt/r/dev /mnt/r$TOOLS; mount --rbind /usr /mnt/r/usr; mount --rbind /proc /mnt/r/proc; mount --bind $TOOLS /mnt/r$TOOLS; for d in bin lib lib64; do ln -s usr/$d /mnt/r/$d; done")
        .front("chroot /mnt/r")
        .ours("unshare-user -- true")
        .unshare("unshare --user true")
        .bwrap(bwrap!("--unshare-user")),
    // bwrap makes its namespaces with clone(2).
    refusal(&table::SECCOMP)
        .before("exec 9<$FILTER")
        .front("bwrap --dev-bind / / --cap-add ALL --seccomp 9")
        .ours("unshare-uts -- true")
        .unshare("unshare --uts true"),
    refusal(&unshare_user::table::NO_SUB_IDS)
        .before("mount --bind /dev/null /etc/subuid; mount --bind /dev/null /etc/subgid")
        .front(POWERLESS)
        .ours("unshare-user --map-auto -- true")
        .unshare("unshare --user --map-auto true"),
    refusal(&unshare_user::table::HELPER_MISSING)
        .before("printf 'games:7:5\\n' >/mnt/ids; mount --bind /mnt/ids /etc/subuid; mount --bind /mnt/ids /etc/subgid; mkdir /mnt/bin; ln -s $(command -v unshare) $(command -v unshare-user) /mnt/bin; PATH=/mnt/bin")
        .front("unshare-user --map-users 5:5:10 --map-groups 5:5:10 --setuid 5 --setgid 5 --drop-caps --")
        .ours("unshare-user --map-auto -- true")
        .unshare("unshare --user --map-auto true"),
    refusal(&unshare_user::table::SETGROUPS_OWN)
        .front(POWERLESS)
        .ours("unshare-user --setgroups allow -- true")
        .unshare("unshare --user --map-root-user --setgroups allow true"),
    refusal(&unshare_user::table::ROOT_NEEDS_SETFCAP)
        .front("unshare-user --drop-caps --")
        .ours("unshare-user -- true")
        .unshare("unshare --user --map-root-user true")
        .bwrap(bwrap!("--unshare-user")),
    refusal(&table::PROC_COVERED)
        .before("mount --bind /dev/null /proc/uptime")
        .ours("unshare-user -- unshare-pid --mount-proc -- true")
        .unshare("unshare --user --map-root-user --pid --fork --mount-proc true")
        .bwrap("bwrap --unshare-user --unshare-pid --dev-bind / / --proc /proc true"),
    refusal(&table::PROC_READ_ONLY)
        .before("mount -o remount,bind,ro /proc")
        .ours("unshare-user -- true")
        .unshare("unshare --user --map-root-user true")
        .bwrap(bwrap!("--unshare-user")),
    refusal(&table::PROC_ABSENT)
        .before("mount -t tmpfs none /proc")
        .ours("unshare-user -- true")
        .unshare("unshare --user --map-root-user true")
        .bwrap(bwrap!("--unshare-user")),
    // bwrap makes what is missing.
    refusal(&table::MOUNT_POINT_MISSING)
        .ours("unshare-pid --mount-proc=/mnt/none -- true")
        .unshare("unshare --pid --fork --mount-proc=/mnt/none true"),
    refusal(&table::KEEP_DIRECTORY)
        .ours("unshare-uts --keep /mnt/none/kept -- true")
        .unshare("unshare --uts=/mnt/none/kept true"),
    refusal(&table::KEEP_SHARED)
        .before("mkdir /mnt/d; mount -t tmpfs none /mnt/d; mount --make-shared /mnt/d; touch /mnt/d/kept")
        .ours("unshare-mnt --keep /mnt/d/kept -- true")
        .unshare("unshare --mount=/mnt/d/kept true"),
    refusal(&table::INTERPRETER)
        .before("printf '#!/nowhere/sh\\n' >/mnt/script; chmod 755 /mnt/script")
        .ours("unshare-uts -- /mnt/script")
        .unshare("unshare --uts /mnt/script")
        .bwrap("bwrap --unshare-uts --dev-bind / / /mnt/script"),
    refusal(&table::INTERPRETER_CR)
        .before("printf '#!/bin/sh\\r\\n' >/mnt/script; chmod 755 /mnt/script")
        .ours("unshare-uts -- /mnt/script")
        .unshare("unshare --uts /mnt/script")
        .bwrap("bwrap --unshare-uts --dev-bind / / /mnt/script"),
];

/// What a program says to it: nothing where it is not refused, or has nothing of the kind.
fn said(refusal: &Refusal, line: &str, filter: &Path) -> String {
    if line.is_empty() {
        return String::new();
    }
    let Refusal { before, front, .. } = refusal;
    let text = format!(
        "FILTER={} TOOLS={}; export PATH
         mount -t tmpfs none /mnt
         {before}
         exec {front} {line}",
        filter.display(),
        crate::support::tools().display()
    );
    // For everybody the same: the inner 0, with many IDs.
    let seen =
        sh(&format!("exec {} unshare --mount --propagation private sh -ec '{}'", many(), text.replace('\'', "'\\''")));
    assert!(!seen.status.success() && seen.out.is_empty(), "{}: {line}: {seen:#?}", refusal.row.name);
    // unshare(1) names its own PID.
    seen.err
        .lines()
        .map(|line| {
            let words = line
                .split('/')
                .map(|part| if part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty() { "PID" } else { part });
            format!("    {}\n", words.collect::<Vec<_>>().join("/").trim_end())
        })
        .collect()
}

/// What the page says of versions.
fn version(line: &str) -> String {
    sh(line).ok().to_owned()
}

/// `UPDATE=1` writes the page. Ours are always compared; the peers' words where their versions are those of the page.
fn beside_ours() {
    for program in ["bwrap", "unshare", "newuidmap", "chroot"] {
        need(program);
    }
    let folder = Folder::new();
    let file = folder.join("filter");
    std::fs::write(&file, filter(nix::libc::SYS_unshare, None)).expect("a file");
    let _ = std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755));
    let versions = [version("unshare --version"), version("bwrap --version")];
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/refusals-of-peers.md");
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let is_update = std::env::var_os("UPDATE").is_some();
    let are_known = versions.iter().all(|version| known.contains(version)) || is_update;
    let mut page = format!(
        "# What others say to the same refusals\n\n\
         Each refusal below was provoked, and met by unshare(1), by bwrap(1), and by these tools. What they print stands here\n\
         word for word: `{}`, `{}`. A program that is missing has nothing of the kind, or is\n\
         not refused there. The suite plays all of them again (`tests/suite/peers.rs`, which also shows how each comes about).\n",
        versions[0], versions[1]
    );
    for refusal in REFUSALS {
        let mut section = format!("\n## {}\n", refusal.row.name);
        for line in [refusal.unshare, refusal.bwrap, refusal.ours] {
            let said = said(refusal, line, &file);
            if !said.is_empty() {
                let _ = write!(section, "\n`{line}`\n\n{said}");
            }
            if line == refusal.ours {
                let hint = format!("hint: {}", refusal.row.hint.split("{}").next().unwrap_or_default());
                assert!(said.contains(&hint), "not the hint of '{}': {said}", refusal.row.name);
                assert!(is_update || known.contains(&said), "{}: not on the page: {said}", refusal.row.name);
            }
        }
        assert!(!are_known || is_update || known.contains(&section), "not on the page:\n{section}");
        page += &section;
    }
    if is_update {
        std::fs::write(&path, page).expect("the page");
    } else if are_known {
        assert!(known == page, "{} is not what they say: UPDATE=1 target/suite beside_ours", path.display());
    }
}
