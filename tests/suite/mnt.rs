//! `unshare-mnt`: what each operation does inside, and that nothing of it is seen outside.

use crate::mnt_root::BUSYBOX;
use crate::support::{Folder, Seen, is_root, need, sh, user};

crate::tests![
    bind,
    bind_is_recursive,
    read_only_bind,
    read_only_bind_of_many_submounts,
    read_only_bind_keeps_locked_flags,
    tmpfs,
    proc,
    dev,
    sysfs,
    sysfs_too_revealing,
    mqueue,
    dir_and_symlink,
    remount_read_only,
    order,
    relative_after_a_mount_over_the_working_directory,
    sources_are_those_of_the_beginning,
    sources_by_descriptor,
    long_lines,
    working_directory,
    working_directory_with_a_long_path,
    propagation,
    nothing_is_left_of_a_failure,
    refused_before_anything_is_made,
    refused_with_a_hint,
    rights_over_older_namespaces,
    covered_proc,
    no_descriptor_is_left,
    kernel_too_old,
    explained,
];

/// Runs a script in an outer mount namespace where every mount is shared, so that whatever passes out is seen, and where
/// even an ordinary user may mount. It has functions: `kept COMMAND` fails when COMMAND changed a mount of the outer
/// namespace, or an inode under the folder, which is the working directory.
#[track_caller]
pub fn outer(folder: &Folder, script: &str) -> Seen {
    outer_with("", folder, script)
}

#[track_caller]
pub fn outer_with(front: &str, folder: &Folder, script: &str) -> Seen {
    let namespaces = if is_root() { "-m" } else { "-Urm" };
    let text = format!(
        r#"cd '{folder}' && {front} unshare {namespaces} sh -c '
look() {{ cat /proc/self/mountinfo; find . -printf "%i %m %s %p %l\n" | sort; }}
kept() {{ look >/dev/null; before=$(look); "$@"; status=$?; [ "$(look)" = "$before" ] || echo "SEEN OUTSIDE"; return $status; }}
mount --make-rshared / || exit 99
eval "$0"' "$(cat <<'SCENE'
{script}
SCENE
)""#
    );
    sh(&text)
}

fn bind() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "mkdir src dst; echo one >src/f; echo two >other; : >file
         kept unshare-mnt --bind src dst --bind other file -- sh -c 'cat dst/f file; echo new >src/f'; cat dst/f; cat src/f",
    );
    assert!(seen.out.starts_with("one\ntwo\n"), "{seen:?}");
    assert!(seen.out.ends_with("new\n") && seen.err.contains("dst/f"), "the bind is gone, the write is not: {seen:?}");
}

fn bind_is_recursive() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "mkdir -p src/sub dst; mount -t tmpfs none src/sub; echo deep >src/sub/f
         kept unshare-mnt --bind src dst -- cat dst/sub/f",
    );
    assert_eq!(seen.ok(), "deep");
}

fn read_only_bind() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "mkdir -p src/a src/b dst; mount -t tmpfs none src/a; mkdir src/a/c; mount -t tmpfs none src/a/c; mount -t tmpfs none src/b
         kept unshare-mnt --ro-bind src dst -- sh -c 'for d in dst dst/a dst/a/c dst/b; do touch $d/x 2>&1; done; touch src/y && rm src/y'",
    );
    assert_eq!(seen.ok().matches("Read-only file system").count(), 4, "{seen:?}");
    assert_eq!(seen.out.lines().count(), 4, "{seen:?}");
}

fn read_only_bind_of_many_submounts() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "mkdir src dst; mount -t tmpfs none src; d=src; for i in $(seq 100); do mkdir src/$i $d/deep; mount -t tmpfs none src/$i; d=$d/deep; mount -t tmpfs none $d; done
         kept unshare-mnt --ro-bind src dst -- sh -c 'd=dst; for i in $(seq 100); do d=$d/deep; touch dst/$i/x $d/x; done 2>&1 | grep -c Read-only'",
    );
    assert_eq!(seen.ok(), "200");
}

fn read_only_bind_keeps_locked_flags() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "mkdir -p src/sub dst; mount -t tmpfs -o nosuid,nodev,noexec none src/sub
         unshare-user -- unshare-mnt --ro-bind src dst -- grep /dst/sub /proc/self/mountinfo",
    );
    assert!(seen.ok().contains("ro,nosuid,nodev,noexec"), "{seen:?}");
}

fn tmpfs() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "mkdir d; : >d/old; kept unshare-mnt --tmpfs d -- sh -c 'ls -A d; echo x >d/f; stat -fc %T d; stat -c %a d'",
    );
    assert_eq!(seen.ok(), "tmpfs\n755");
}

fn proc() {
    let f = Folder::new();
    let seen = sh(&format!("cd {f}; {}unshare-pid -- unshare-mnt --proc /proc -- sh -c 'echo /proc/[0-9]*'", user()));
    assert_eq!(seen.ok(), "/proc/1");
}

fn dev() {
    let f = Folder::new();
    let seen = sh(&format!(
        "cd {f}; {}unshare-pid -- unshare-mnt --dev /dev --proc /proc -- sh -c '
         ls /dev; ls /dev/pts; echo lost >/dev/null; head -c3 /dev/zero | od -An -tx1; echo x 2>&1 >/dev/full
         head -c2 /dev/random /dev/urandom >/dev/null && echo random; echo in | cat /dev/stdin; : >/dev/shm/mine; stat -c %a /dev/shm
         script -qc tty /dev/null'; ls /dev/shm",
        user()
    ));
    let out = seen.ok();
    let names = "core\nfd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\nptmx\n";
    assert!(out.starts_with(names), "{seen:?}");
    for part in ["00 00 00", "random\nin\n1777\n", "/dev/pts/0"] {
        assert!(out.contains(part), "{part}: {seen:?}");
    }
    assert!(!out.contains("mine"), "{seen:?}");
}

fn sysfs() {
    let seen = sh(&format!("{}unshare-net -- unshare-mnt --sysfs /sys -- ls /sys/class/net", user()));
    assert_eq!(seen.ok(), "lo");
}

/// The hint names what lies over the caller's sysfs, and not the /sys/fs/cgroup that lies over every one.
fn sysfs_too_revealing() {
    let scene = |before: &str| {
        sh(&format!(
            "exec {} unshare --mount --propagation private sh -ec '{before}
                exec unshare-user -- unshare-net -- unshare-mnt --sysfs /mnt -- true'",
            user()
        ))
    };
    for (before, says) in [
        ("mount -t tmpfs none /sys/kernel", "\"/sys/kernel\" lies over a part"),
        ("mount -t tmpfs none /sys", "\"/sys\" lies over a part"),
        ("mount -o remount,bind,ro /sys", "the sysfs here is restricted"),
    ] {
        let seen = scene(before);
        assert_eq!(seen.code(), 125, "{before}: {seen:?}");
        assert!(seen.err.contains("EPERM") && seen.err.contains(&format!("hint: {says}")), "{before}: {seen:?}");
    }
    if is_root() {
        let seen = scene("umount -l /sys");
        assert!(seen.err.contains("hint: no sysfs is mounted here"), "{seen:?}");
    }
}

fn mqueue() {
    let f = Folder::new();
    let seen = sh(&format!(
        "cd {f}; mkdir q; {}unshare-ipc -- unshare-mnt --mqueue q -- sh -c ': >q/mine; ls q; exec unshare-ipc -- unshare-mnt --mqueue q -- ls q'; ls q",
        user()
    ));
    assert_eq!(seen.ok(), "mine", "each IPC namespace shows its own queues");
}

fn dir_and_symlink() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "umask 077; unshare-mnt --dir a/b --dir a/b --symlink to/there a/c/l --symlink to/there a/c/l -- sh -c umask; stat -c '%a %F' a/b a/c; readlink a/c/l",
    );
    assert_eq!(seen.ok(), "0077\n755 directory\n755 directory\nto/there", "they are made, and stay");
}

fn remount_read_only() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "mkdir -p m; mount -t tmpfs -o nosuid none m; mkdir m/sub; mount -t tmpfs none m/sub
         kept unshare-mnt --remount-ro m -- sh -c 'touch m/sub/x && rm m/sub/x; touch m/x 2>&1; grep \"/m \" /proc/self/mounts'; touch m/x && rm m/x && echo writable",
    );
    assert!(seen.out.contains("Read-only file system"), "{seen:?}");
    assert!(seen.out.contains("ro,nosuid") && seen.ok().ends_with("writable"), "{seen:?}");
}

fn order() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "mkdir a b; echo a >a/f; echo b >b/f
         unshare-mnt --bind a b --tmpfs a -- cat b/f; unshare-mnt --tmpfs b --bind a b -- cat b/f
         unshare-mnt --bind a b --tmpfs b -- cat b/f 2>&1; unshare-mnt --tmpfs a --bind b a/new/place --remount-ro a -- sh -c 'cat a/new/place/f; touch a/x' 2>&1",
    );
    let lines: Vec<&str> = seen.out.lines().collect();
    assert_eq!(lines[..2], ["a", "a"]);
    assert!(lines[2].contains("No such file") && lines[3] == "b" && lines[4].contains("Read-only"), "{seen:?}");
}

/// What stands over the working directory counts for a relative DEST.
fn relative_after_a_mount_over_the_working_directory() {
    let f = Folder::new();
    let seen = outer(&f, "mkdir -p a/c; kept unshare-mnt --ro-bind . . --tmpfs a/c --dir a/c/new -- ls a/c");
    assert_eq!(seen.ok(), "new");
    let seen = outer(&f, "mkdir -p g; kept unshare-mnt --tmpfs . --dir g/h --tmpfs g/h/i -- ls g/h");
    assert_eq!(seen.ok(), "i");
    let seen = outer(&f, "kept unshare-mnt --tmpfs . --dir s/t --chdir s -- ls");
    assert_eq!(seen.ok(), "t");
}

fn sources_are_those_of_the_beginning() {
    let f = Folder::new();
    let seen = outer(
        &f,
        "mkdir a b; echo a >a/f; kept unshare-mnt --tmpfs a --bind a b -- sh -c 'ls a; cat b/f'
         kept unshare-mnt --tmpfs / --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --bind a /x -- cat /x/f",
    );
    assert_eq!(seen.ok(), "a\na");
}

/// What the caller holds open has a name, too; it is on a mount of the caller's namespace.
fn sources_by_descriptor() {
    let f = Folder::new();
    let seen = sh(&format!(
        "cd {f}; mkdir src dst up work; echo a >src/f; : >file; ln -s /proc/self/fd/5 link; exec 5<src 6<up 7<work; set -e
         for s in /proc/self/fd/5 /dev/fd/5 link; do
           {u}unshare-mnt --bind $s dst -- cat dst/f; {u}unshare-mnt --overlay-src $s --tmp-overlay dst -- cat dst/f
         done
         {u}unshare-mnt --overlay-src src --overlay /proc/self/fd/6 /proc/self/fd/7 dst -- touch dst/new; ls up; chmod -R u+rwx work
         {u}unshare-mnt --bind /dev/stdin file -- cat file <src/f",
        u = user()
    ));
    assert_eq!(seen.ok(), "a\na\na\na\na\na\nnew\na", "{seen:?}");
}

/// Hundreds of operations, with few descriptors to open.
fn long_lines() {
    let f = Folder::new();
    let seen = sh(&format!(
        "cd {f}; mkdir src dst; : >src/f; ulimit -n 256
         {}unshare-mnt --tmpfs dst $(for i in $(seq 100); do echo --bind src dst/b$i/c --dir dst/d$i --symlink x dst/l$i; done) -- sh -c 'ls dst | wc -l; cat dst/b*/c/f; ulimit -n'",
        user()
    ));
    assert_eq!(seen.ok(), "300\n256", "{seen:?}");
}

fn working_directory() {
    need("busybox");
    let f = Folder::new();
    let scene = format!(
        "{BUSYBOX} mkdir here; echo f >here/f; cd here; unshare-mnt -- pwd; unshare-mnt --ro-bind / / -- sh -c 'pwd; cat f'
         unshare-mnt --root ../R -- /bin/pwd; unshare-mnt --root ../R --chdir sub -- /bin/pwd; unshare-mnt --root ../R --chdir /sub -- /bin/pwd
         unshare-mnt --chdir .. -- pwd; unshare-mnt --tmpfs . -- ls; unshare-mnt --tmpfs .. -- pwd
         unshare-mnt --root ../R --chdir /nothing -- /bin/pwd; echo $?"
    );
    let seen = outer(&f, &scene);
    let expected = format!("{f}/here\n{f}/here\nf\n/\n/sub\n/sub\n{f}\n/\n125\n");
    assert_eq!(seen.out, expected, "{seen:?}");
    assert!(seen.err.contains("--chdir \"/nothing\""), "{seen:?}");
    // One that was removed: it is nowhere, and so it is kept, but for a new root.
    let scene = "mkdir gone; cd gone; rmdir ../gone; unshare-mnt --tmpfs /mnt -- readlink /proc/self/cwd
        unshare-mnt --root / -- pwd; unshare-mnt --chdir / -- pwd";
    let seen = outer(&f, scene);
    assert_eq!(seen.out, format!("{f}/gone (deleted)\n/\n/\n"), "{seen:?}");
}

/// Where a caller is whose path is longer than any that the kernel takes, the command is.
fn working_directory_with_a_long_path() {
    need("perl");
    let f = Folder::new();
    let seen = sh(&format!(
        "cd {f}; perl -e '$n = q(n) x 200; for (1 .. 25) {{ mkdir $n; chdir $n or die $! }} exec @ARGV' sh -c '
           mkdir d; : >here; {u}unshare-mnt --tmpfs /mnt --tmpfs d --dir d/x -- ls . d; {u}unshare-mnt --ro-bind / / -- pwd'",
        u = user()
    ));
    assert_eq!(seen.ok(), ".:\nd\nhere\n\nd:\nx\n/", "{seen:?}");
}

fn propagation() {
    let f = Folder::new();
    // The inner command tells that it is ready, waits for the outer mount, and looks; then it mounts, and the outer looks.
    let scene = "mkdir in out; mkfifo ready go
        for p in private slave shared unchanged; do
            unshare-mnt --propagation $p -- sh -c 'echo >ready; read x <go; [ -e in/f ] && echo enters; mount -t tmpfs none out; : >out/f; echo >ready; read x <go; :' &
            read x <ready; mount -t tmpfs none in; : >in/f; echo >go; read x <ready
            [ -e out/f ] && echo leaves && umount out; echo >go; wait $!; umount in; echo $p
        done
        unshare-mnt --bind in out -- true; unshare-mnt --propagation shared --tmpfs out -- true; findmnt -no FSTYPE \"$PWD/out\"";
    let seen = outer(&f, scene);
    assert_eq!(
        seen.out, "private\nenters\nslave\nenters\nleaves\nshared\nenters\nleaves\nunchanged\ntmpfs\n",
        "{seen:?}"
    );
}

fn nothing_is_left_of_a_failure() {
    let f = Folder::new();
    // A mount point is free of what a failed operation had mounted there, what was made read-only can be written again, and
    // what passed out is called back.
    for line in [
        "--dir n --overlay-src src --tmp-overlay n -- /none",
        "--dir n --overlay-src src --tmp-overlay n --bind src /none -- true",
        "--dir n --dev n --proc /none -- true",
        "--dir n/o --bind src n/o --remount-ro n/o --bind src n -- /none",
        "--bind . . --dir n/o --remount-ro . -- /none",
        "--root src --dir n/o --remount-ro / -- /none",
        "--propagation shared --tmpfs up --bind src up/n -- /none",
        "--propagation shared --tmpfs up --remount-ro up --bind src /none -- true",
        "--overlay-src src --overlay up work src --bind src src/n/o --remount-ro src -- /none",
    ] {
        // In WORKDIR the kernel leaves a directory of its own.
        let kept = if line.contains("work") { "" } else { "kept" };
        let scene =
            format!("mkdir src up work; {kept} unshare-mnt {line}; echo $?; chmod -R u+rwx work; find src up n");
        let seen = outer(&f, &scene);
        let refused = if line.contains("-- /none") { "127" } else { "125" };
        assert_eq!(seen.out, format!("{refused}\nsrc\nup\n"), "{line}: {seen:?}");
        sh(&format!("cd {f}; rm -rf src up work")).ok();
    }
    let seen = outer(
        &f,
        "mkdir d; for last in '--tmpfs missing/x -- true' '-- ./no-such-command' '-- ./d' '--chdir nowhere -- true'; do
           kept unshare-mnt --dir a/b --tmpfs a/b --symlink t a/l --dir d/e --bind d a $last; echo $?
         done; ls -A",
    );
    assert_eq!(seen.out, "125\n127\n126\n125\nd\n", "{seen:?}");
}

fn refused_before_anything_is_made() {
    let f = Folder::new();
    for (line, message) in [
        ("--tmpfs ''", "--tmpfs \"\": an empty path names nothing"),
        ("--bind only", "2 values required"),
        ("--root / --tmpfs /", "--tmpfs \"/\": --root \"/\" makes the root already"),
        ("--ro-bind / / --tmpfs //", "makes the root already"),
        ("--root / --propagation shared", "--root \"/\": a new root needs --propagation private or slave"),
        ("--tmpfs / --propagation unchanged", "--tmpfs \"/\": a new root needs --propagation private or slave"),
        ("--propagation bogus", "'bogus'"),
        ("--overlay-src a", "--overlay-src \"a\": no --overlay, --tmp-overlay or --ro-overlay follows"),
        ("--overlay-src a --dir b", "--dir \"b\": --overlay-src must be followed by its overlay"),
        ("--tmp-overlay b", "--tmp-overlay \"b\": too few layers"),
        ("--overlay-src a --ro-overlay b", "--overlay-src \"a\" --ro-overlay \"b\": too few layers"),
        ("--chdir ''", "an empty path"),
    ] {
        let seen = sh(&format!("cd {f}; unshare-mnt --dir made {line} -- touch ran"));
        assert!(seen.refused().contains(message), "{line}: {seen:?}");
        assert_eq!(std::fs::read_dir(f.path()).expect("the folder").count(), 0, "{line}");
    }
}

fn refused_with_a_hint() {
    let f = Folder::new();
    for (line, call, hint) in [
        ("--bind no d", "--bind \"no\" \"d\": open_tree(\"no\"", "nothing is at \"no\" in the caller's tree"),
        ("--bind d no", "--bind \"d\" \"no\": openat2(\"no\"", "make the mount point first: --dir \"no\""),
        ("--tmpfs d/a/../b", "--tmpfs \"d/a/../b\"", "make the mount point first: --dir \"d/a\"\n"),
        ("--dir d/a/b/../c", "--dir \"d/a/b/../c\": openat2(", "make the mount point first: --dir \"d/a/b\"\n"),
        ("--tmpfs d --remount-ro d --dir d/a", "mkdirat(\"d/a\"): EROFS", "let this option stand before"),
        ("--bind d file", "--bind \"d\" \"file\": move_mount(\"file\")", "is a directory, and DEST is not one"),
        ("--bind file d", "--bind \"file\" \"d\": move_mount(\"d\")", "is not a directory, and DEST is one"),
        ("--dir file", "--dir \"file\": mkdir(\"file\"): EEXIST", "something else"),
        ("--symlink other link", "--symlink \"other\" \"link\": symlinkat", "something else is there already"),
        ("--dir link/x", "--dir \"link/x\"", "symlink that leads nowhere"),
        ("--remount-ro d", "--remount-ro \"d\": not a mount point", "--ro-bind"),
        ("--tmpfs /proc/self/fd/7", "move_mount(\"/proc/self/fd/7\"): EINVAL", "name it by its path"),
        ("--bind d to-root", "\"to-root\" leads to the root directory", "write DEST as /"),
    ] {
        let seen = sh(&format!(
            "cd {f}; mkdir -p d; : >file; ln -sfn nowhere link; ln -sfn / to-root; exec 7<d; {}unshare-mnt {line} -- true",
            user()
        ));
        seen.refused();
        assert!(seen.err.contains(call) && seen.err.contains(hint), "{line}: {seen:?}");
    }
    // With what the hint says it is done.
    let seen = sh(&format!(
        "cd {f}; {}unshare-mnt --tmpfs d --dir d/a/b --dir d/a/b/../c --tmpfs d/a/../x --symlink y d/a/../l -- sh -c 'ls d d/a'",
        user()
    ));
    assert_eq!(seen.ok(), "d:\na\nl\nx\n\nd/a:\nb\nc");
}

fn rights_over_older_namespaces() {
    let f = Folder::new();
    for (tool, line) in [("unshare-pid", "--proc d"), ("unshare-net", "--sysfs d"), ("unshare-ipc", "--mqueue d")] {
        for front in [
            format!("{} -- unshare-user", if is_root() { tool } else { "unshare-user -- ".trim_end_matches(" -- ") }),
            "unshare-user".to_owned(),
        ] {
            let seen = sh(&format!("cd {f}; mkdir -p d; {front} -- unshare-mnt {line} -- true"));
            assert!(seen.refused().contains("put it after unshare-user"), "{front}: {seen:?}");
            assert!(seen.err.contains(tool), "{front}: {seen:?}");
        }
    }
}

fn covered_proc() {
    let seen = sh(
        "unshare-user -- unshare-pid -- unshare-mnt --bind /dev/null /proc/version -- unshare-user -- unshare-pid -- unshare-mnt --proc /proc -- true",
    );
    let message = seen.refused();
    assert!(
        message.contains("EPERM") && message.contains("over which something is mounted: /proc/version"),
        "{seen:?}"
    );
}

fn no_descriptor_is_left() {
    let f = Folder::new();
    let seen = sh(&format!(
        "cd {f}; mkdir a; ls /proc/self/fd; echo; {}unshare-mnt --ro-bind / / --dev /dev --tmpfs /tmp --bind a /tmp/a --overlay-src a --tmp-overlay /tmp/o -- ls /proc/self/fd",
        user()
    ));
    let (without, with) = seen.ok().split_once("\n\n").expect("two lists");
    assert_eq!(without, with);
}

/// A kernel without a call, made by a seccomp filter that answers ENOSYS.
#[track_caller]
fn without(f: &Folder, call: u32, line: &str) -> Seen {
    need("bwrap");
    // Load the number; if it is the call's, return ENOSYS (38), else allow: linux/filter.h.
    let filter: [(u16, u8, u8, u32); 4] =
        [(0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x0005_0026), (0x06, 0, 0, 0x7fff_0000)];
    let bytes =
        |(code, yes, no, k): (u16, u8, u8, u32)| [&code.to_ne_bytes()[..], &[yes, no], &k.to_ne_bytes()].concat();
    std::fs::write(f.join("filter"), filter.map(bytes).concat()).expect("a file");
    let bwrap = "bwrap --unshare-user --uid 0 --gid 0 --cap-add ALL --dev-bind / / --seccomp 9 9<filter";
    sh(&format!("cd {f}; mkdir -p d; {bwrap} unshare-mnt {line}"))
}

fn kernel_too_old() {
    let f = Folder::new();
    // The numbers are the same on every architecture: they are younger than 424.
    let (open_tree, move_mount, fsopen, openat2, mount_setattr) = (428, 429, 430, 437, 442);
    for (name, call, line) in [
        ("open_tree", open_tree, "--bind d d"),
        ("move_mount", move_mount, "--bind d d"),
        ("fsopen", fsopen, "--tmpfs d"),
        ("openat2", openat2, "--tmpfs d"),
        ("openat2", openat2, "--root d"),
        ("mount_setattr", mount_setattr, "--ro-bind d d"),
    ] {
        let seen = without(&f, call, &format!("{line} -- true"));
        let refused = seen.refused();
        // A filter stands in for an old kernel, and that is seen.
        let hint = format!("a seccomp filter refuses {name}(2)");
        assert!(refused.contains("ENOSYS") && refused.contains(&hint), "{call}: {seen:?}");
    }
    // One mount can be made read-only without the newest of them.
    let seen = without(&f, mount_setattr, "--tmpfs d --remount-ro d -- sh -c 'touch d/x 2>&1; grep /d /proc/mounts'");
    assert!(seen.ok().contains("Read-only file system") && seen.out.contains("ro,nosuid,nodev"), "{seen:?}");
}

fn explained() {
    let f = Folder::new();
    let line = "--tmpfs d --dir d/x --root . --chdir /d -- /nothing";
    let seen = sh(&format!("cd {f}; mkdir d; {}unshare-mnt --explain {line}", user()));
    assert_eq!((seen.code(), seen.out.as_str()), (127, ""));
    for step in [
        "unshare(CLONE_NEWNS) = 0",
        "MS_PRIVATE) = 0",
        "next: --root \".\"",
        "next: --tmpfs \"d\"",
        "move_mount(\"d\") = 0",
        "mkdirat(\"d/x\") = 0: made, on a file system that is in here alone",
        "pivot_root(\".\", \".\") = 0",
        "--chdir \"/d\"",
    ] {
        assert!(seen.err.contains(step), "{step}: {seen:?}");
    }
    assert!(seen.err.lines().all(|line| line.starts_with("unshare-mnt: ")), "{seen:?}");
}
