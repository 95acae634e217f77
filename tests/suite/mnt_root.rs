//! `unshare-mnt --root`: another tree is `/`, for the whole line, and no way leads back.

use crate::mnt::{outer, outer_with};
use crate::support::{Folder, debian, is_root, is_static, many, need, sh, sub_ids, user};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

crate::tests![
    root,
    root_holds_for_the_whole_line,
    root_of_tmpfs_and_of_the_host,
    nested_roots,
    static_tools_in_a_root,
    kept_with_a_root,
    busybox_root,
    busybox_root_without_proc,
    nothing_to_stand_in_for_closed_descriptors,
    debian_root,
    debian_of_many_owners,
    tar_with_owners,
    debian_changes_nothing_outside,
];

/// A root with busybox and nothing else.
pub const BUSYBOX: &str = r#"mkdir -p R/bin R/proc R/tmp R/sub; cp "$(command -v busybox)" R/bin/; for c in sh ls cat touch mount stat pwd hostname readlink grep mkdir; do ln -sf busybox R/bin/$c; done; "#;

fn root() {
    need("busybox");
    let f = Folder::new();
    let scene = format!(
        "{BUSYBOX} kept unshare-pid -- unshare-mnt --root R --proc /proc -- /bin/sh -c 'ls /; pwd; cat /proc/mounts | grep -c .; ls -d /usr /etc \"{f}\"; readlink /proc/self/root; cat /proc/1/comm; :'"
    );
    let seen = outer(&f, &scene);
    let shell = outer(&f, "echo 'echo $0' | SHELL=/bin/bash kept unshare-mnt --root R --propagation slave");
    assert_eq!(shell.ok(), "/bin/sh", "the caller's shell is not there");
    assert!(seen.out.starts_with("bin\nproc\nsub\ntmp\n/\n2\n"), "two mounts, the root and proc: {seen:?}");
    assert!(seen.err.lines().count() == 3 && seen.out.ends_with("/\nsh\n"), "the old root is gone: {seen:?}");
}

fn root_holds_for_the_whole_line() {
    let f = Folder::new();
    let scene = format!(
        "{BUSYBOX} mkdir o; echo o >o/f; kept unshare-mnt --tmpfs /tmp --bind o /tmp/o --root R -- /bin/sh -c 'cat /tmp/o/f'
         kept unshare-mnt --tmpfs /tmp --ro-bind / / -- sh -c 'ls -A /tmp; touch /etc/x 2>&1'"
    );
    let seen = outer(&f, &scene);
    assert!(seen.out.starts_with("o\n") && seen.out.contains("Read-only file system"), "{seen:?}");
    assert_eq!(seen.out.lines().count(), 2, "{seen:?}");
}

fn root_of_tmpfs_and_of_the_host() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "kept unshare-mnt --tmpfs / --ro-bind /usr /usr --symlink usr/bin bin --symlink usr/lib lib --symlink usr/lib64 lib64 --dir etc/x --bind /etc/passwd /etc/y/passwd -- sh -c 'ls /; ls etc; touch /here && touch /usr/x 2>&1'
         kept unshare-mnt --ro-bind / / --tmpfs ${PWD%/*} -- sh -c 'pwd; touch $0/x && touch /x /etc/x 2>&1' ${PWD%/*}",
    );
    let out = seen.out.replace("SEEN OUTSIDE", "!!!");
    assert!(out.starts_with("bin\netc\nlib\nlib64\nusr\nx\ny\n"), "{seen:?}");
    assert_eq!(out.matches("Read-only file system").count(), 3, "{seen:?}");
    assert!(out.contains("\n/\n") && !out.contains("!!!"), "{seen:?}");
}

fn nested_roots() {
    need("busybox");
    let f = Folder::new();
    let tools = crate::support::tools().display().to_string();
    let scene = format!(
        "{BUSYBOX} mkdir R/sub/bin; cp R/bin/* R/sub/bin/; {user}unshare-mnt --root R --tmpfs tools --ro-bind '{tools}' /tools/t --dir lib --dir lib64 --dir usr {libraries} -- \
         /tools/t/unshare-mnt --root /sub -- /bin/ls /",
        user = "unshare-user -- ",
        libraries = libraries(),
    )
    .replace("--tmpfs tools --ro", "--dir tools --tmpfs tools --ro");
    let seen = outer(&f, &scene);
    assert_eq!(seen.ok(), "bin");
}

/// What tools that are linked dynamically need in a root; the static ones need nothing.
fn libraries() -> &'static str {
    if is_static() { "" } else { "--ro-bind /lib /lib --ro-bind /lib64 /lib64 --ro-bind /usr /usr" }
}

fn static_tools_in_a_root() {
    need("busybox");
    let f = Folder::new();
    let tools = crate::support::tools().display().to_string();
    let seen = sh(&format!(
        "cd '{f}'; {BUSYBOX} {}unshare-pid -- unshare-mnt --root R --proc /proc --dir tools --dir lib --dir lib64 --dir usr {} --ro-bind '{tools}' /tools -- \
         /tools/unshare-uts --hostname inner -- /tools/unshare-pid --mount-proc -- /tools/unshare-mnt --tmpfs /tmp -- /bin/sh -c 'hostname; ls /tmp; echo /proc/[0-9]*'",
        user(),
        libraries(),
    ));
    assert_eq!(seen.ok(), "inner\n/proc/1");
}

/// A kept namespace is entered with its root, whoever made the root.
fn kept_with_a_root() {
    need("busybox");
    let f = Folder::new();
    let scene = format!(
        "{BUSYBOX} mkdir k; mount -t tmpfs none k; mount --make-private k
         unshare-mnt --keep k/ns --root R --propagation slave --tmpfs /tmp -- /bin/ls -A /tmp; nsenter --mount=k/ns /bin/ls /; umount k/ns; rm k/ns
         unshare-mnt --keep k/ns --root R -- /bin/none; echo $?; ls k"
    );
    // On one processor: Linux 6.18 numbers namespaces per processor, and binds none (EINVAL) whose number is lower than
    // that of the namespace it is bound in.
    let one = "taskset -c \"$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')\"";
    let seen = outer_with(one, &f, &scene);
    assert_eq!(seen.ok(), "bin\nproc\nsub\ntmp\n127", "{seen:?}");
}

/// A root with nothing but busybox, which needs no library.
fn busybox() -> Folder {
    need("busybox");
    let folder = Folder::new();
    for name in ["bin", "proc", "tmp", "etc"] {
        fs::create_dir(folder.join(name)).expect("a folder");
    }
    fs::write(folder.join("etc").join("this-is"), "the busybox root\n").expect("a file");
    sh(&format!("cp $(command -v busybox) {folder}/bin/busybox && for name in sh ls ps cat readlink mount id; do ln -s busybox {folder}/bin/$name; done")).ok();
    folder
}

fn busybox_root() {
    let root = busybox();
    let seen = sh(&format!(
        "{}unshare-pid -- unshare-mnt --root {root} --proc /proc -- sh -c \
         'cat /etc/this-is; ls /; readlink /proc/self/root; cat /proc/1/comm; echo $$; ps -o pid,args; cat /proc/mounts; ls -d {root} /usr /home 2>&1'",
        user()
    ));
    let text = seen.out.clone();
    let lines: Vec<&str> = text.lines().collect();
    // The listing of absent directories is the last word, and its status.
    assert_eq!(lines[..6], ["the busybox root", "bin", "etc", "proc", "tmp", "/"], "{seen:#?}");
    assert_eq!(lines[6..8], ["sh", "1"], "PID 1 is the command, as the inner /proc shows: {seen:#?}");
    let processes = text
        .lines()
        .filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()) && line.contains(' '))
        .count();
    assert_eq!(processes, 2, "sh and ps alone: {seen:#?}");
    // The old root is gone: from the tree, and from the list of mounts.
    for gone in [root.to_string().as_str(), "/usr", "/home"] {
        assert!(text.contains(&format!("ls: {gone}: No such file or directory")), "{seen:#?}");
    }
    let mounts: Vec<&str> = text.lines().filter(|line| line.contains(" rw,") || line.contains(" ro,")).collect();
    let places: Vec<&str> = mounts.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(places, ["/", "/proc"], "{seen:#?}");
    // Nothing of it is seen outside.
    assert!(!fs::read_to_string("/proc/self/mountinfo").expect("mounts").contains(&root.to_string()));
    assert_eq!(fs::read_dir(root.join("proc")).expect("a folder").count(), 0);
}

/// No way leads back: neither `..`, nor the working directory, nor a descriptor's.
fn busybox_root_without_proc() {
    let root = busybox();
    let seen = sh(&format!(
        "cd /usr; {}unshare-mnt --root {root} -- sh -c 'pwd; cat ../../../../etc/this-is; cd ..; ls; cat /proc/mounts 2>&1'",
        user()
    ));
    assert_eq!(
        seen.out,
        "/\nthe busybox root\nbin\netc\nproc\ntmp\ncat: can't open '/proc/mounts': No such file or directory\n",
        "{seen:#?}"
    );
    // A chain goes on inside with tools that are there: they are static where they are built so.
    let seen = sh(&format!("{}unshare-mnt --root {root} --chdir /etc -- cat this-is", user()));
    assert_eq!(seen.ok(), "the busybox root");
}

/// Without /dev/null, and with descriptors 0 to 2 closed: they are closed for the command too, and its status is its own.
fn nothing_to_stand_in_for_closed_descriptors() {
    let root = busybox();
    let tools = crate::support::tools().display();
    let bound = format!("{}unshare-mnt --root {root} --tmpfs /tmp --ro-bind {tools} /tmp/tools", user());
    if !sh(&format!("{bound} -- /tmp/tools/unshare-uts -- id")).status.success() {
        crate::support::runner::skip("the tools are not static");
    }
    for (tool, option) in [("uts", ""), ("net", ""), ("ipc", ""), ("pid", ""), ("pid", "--init"), ("mnt", "")] {
        let seen = sh(&format!(
            "{bound} --dir /dev -- sh -c '
                for fds in \"<&-\" \">&-\" \"2>&-\" \"<&- >&- 2>&-\"; do
                    eval \"/tmp/tools/unshare-{tool} {option} -- sh -c \\\"(exec 3<&0) || exit 7; (exec 3>&1) || exit 8; (exec 3>&2) || exit 9; exit 3\\\" $fds\"; echo $?
                done' 2>/dev/null"
        ));
        let statuses: Vec<&str> = seen.out.split_whitespace().collect();
        assert_eq!(statuses, ["7", "8", "9", "7"], "{tool} {option}: {seen:#?}");
    }
}

fn debian_root() {
    let root = debian();
    let root = root.display();
    let seen = sh(&format!(
        "{}unshare-uts --hostname guest -- unshare-pid -- unshare-mnt --root {root} --proc /proc --tmpfs /tmp -- sh -ec \
         'dpkg --version | head -1; . /etc/os-release; echo $ID; readlink /proc/self/root; cat /proc/1/comm; uname -n; id -u
          set -- /proc/[0-9]*; echo $#; ls -d {root} 2>&1 || echo gone; awk \"{{ print \\$2 }}\" /proc/mounts; stat -c %U:%G /var/mail'",
        many()
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert!(lines[0].starts_with("Debian 'dpkg'"), "{seen:#?}");
    assert_eq!(lines[1..7], ["debian", "/", "sh", "guest", "0", "1"], "{seen:#?}");
    assert!(lines[7].contains("No such file or directory"), "{seen:#?}");
    assert_eq!(lines[8..], ["gone", "/", "/proc", "/tmp", "root:mail"], "{seen:#?}");
    let seen = sh(&format!(
        "{}unshare-pid -- unshare-mnt --root {root} --proc /proc --dev /dev -- sh -ec \
         'dpkg -l dpkg | tail -1 | cut -c1-2; perl -e \"print qq(perl\\n)\"; su nobody -s /bin/sh -c \"id -un\"'",
        many()
    ));
    assert_eq!(seen.ok(), "ii\nperl\nnobody", "{seen:#?}");
}

/// The owner of a file as the host sees it, in the words of [`many`]: the IDs inside.
fn owner_inside(path: &Path) -> (u32, u32) {
    let data = fs::symlink_metadata(path).expect("the file");
    if is_root() {
        return (data.uid(), data.gid());
    }
    let (users, groups) = sub_ids();
    let inner = |id: u32, first: u32| if id >= first { id - first + 1 } else { 0 };
    (inner(data.uid(), users), inner(data.gid(), groups))
}

/// Unpacked, entered, and somebody else inside.
fn debian_of_many_owners() {
    let root = debian();
    let inside =
        format!("{}unshare-pid -- unshare-mnt --root {} --proc /proc --dev /dev -- sh -ec", many(), root.display());
    let seen = sh(&format!(
        "{inside} 'apt-get --version | head -1; su daemon -s /bin/sh -c id; su daemon -s /bin/sh -c \"ls /root\" 2>&1 || true'"
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert!(lines[0].starts_with("apt "), "{seen:#?}");
    assert_eq!(lines[1], "uid=1(daemon) gid=1(daemon) groups=1(daemon)", "{seen:#?}");
    assert_eq!(lines[2..], ["ls: cannot open directory '/root': Permission denied"], "{seen:#?}");
    let seen = sh(&format!("{inside} 'find / -xdev -printf \"%U:%G\\n\" | sort -u'"));
    let owners: Vec<&str> = seen.ok().lines().collect();
    for owner in ["0:0", "0:42", "0:8"] {
        assert!(owners.contains(&owner), "{owners:?}");
    }
    // From outside: the group of shadow(5) is 42, that of mail 8.
    assert_eq!(owner_inside(&root.join("usr/sbin/unix_chkpwd")), (0, 42));
    assert_eq!(owner_inside(&root.join("var/mail")), (0, 8));
    assert_eq!(owner_inside(&root.join("etc/passwd")), (0, 0));
}

fn tar_with_owners() {
    let folder = Folder::new();
    sh(&format!(
        "cd {folder}; mkdir out; echo a >a; echo b >b; echo c >c
         tar --owner=web:33 --group=web:34 -cf t.tar a && tar --owner=me:1000 --group=we:1001 -rf t.tar b && tar --owner=root:0 --group=root:0 -rf t.tar c
         exec {}tar -x --numeric-owner -f t.tar -C out",
        many()
    ))
    .ok();
    let out = folder.join("out");
    let owners = ["a", "b", "c"].map(|name| owner_inside(&out.join(name)));
    assert_eq!(owners, [(33, 34), (1000, 1001), (0, 0)]);
    // Who has no such ID may not.
    let seen = sh(&format!("{}tar -x --numeric-owner -f {folder}/t.tar -C {folder}/out a 2>&1", "unshare-user -- "));
    assert!(!seen.status.success() && seen.out.contains("Cannot change ownership"), "{seen:?}");
    sh(&format!("{}rm -rf {folder}/out", many())).ok();
}

/// Its package manager works there, on a layer above it that goes with the command.
fn debian_changes_nothing_outside() {
    let root = debian();
    let root = root.display();
    let seen = sh(&format!(
        "{}unshare-pid -- unshare-mnt --overlay-src {root} --tmp-overlay / --proc /proc --dev /dev -- sh -ec \
         'dpkg --purge --force-all hostname >/dev/null 2>&1; test ! -e /bin/hostname; echo purged; touch /here'",
        many()
    ));
    assert_eq!(seen.ok(), "purged", "{seen:#?}");
    sh(&format!("{}sh -c 'test -e {root}/bin/hostname && test ! -e {root}/here'", many())).ok();
}
