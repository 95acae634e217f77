//! `unshare-mnt --overlay`, `--tmp-overlay`, `--ro-overlay`.

use crate::support::{Folder, is_root, kernel, need, sh, user};

crate::tests![overlays, overlay_refused, overlay_of_files_without_a_mapping, overlays_of_older_kernels,];

fn overlays() {
    let f = Folder::new();
    let made =
        "mkdir low high up work dst; echo low >low/f; echo high >high/f; echo only >low/g; mkdir low/d; : >low/d/x";
    let look = "cat dst/f dst/g; echo new >dst/f; rm -r dst/d; mkdir dst/e; ls dst; cat dst/f";
    let seen = sh(&format!(
        "cd {f}; {made}; set -e
         {u}unshare-mnt --overlay-src low --overlay-src high --tmp-overlay dst -- sh -c '{look}'
         {u}unshare-mnt --overlay-src low --overlay-src high --ro-overlay dst -- sh -c 'cat dst/f; ! touch dst/x 2>&1'
         {u}unshare-mnt --overlay-src low --overlay-src high --overlay up work dst -- sh -c '{look}'
         ls dst; cat low/f high/f up/f; ls up low; chmod -R u+rwx work",
        u = user()
    ));
    // That a layer's directory is gone is noted in an attribute of the one above, for an ordinary user in one of user.*,
    // and memory has those since Linux 6.6.
    let memory_notes = is_root() || kernel() >= (6, 6);
    let is_memory = sh(&format!("stat -f -c %T {f}")).ok() == "tmpfs";
    let changed = |notes: bool| format!("high\nonly\n{}e\nf\ng\nnew\n", if notes { "" } else { "d\n" });
    let expected = format!(
        "{}high\ntouch: cannot touch 'dst/x': Read-only file system\n{}low\nhigh\nnew\n",
        changed(memory_notes),
        changed(memory_notes || !is_memory)
    );
    assert!(seen.ok().starts_with(&expected), "{seen:?}");
    assert_eq!(seen.err.contains("cannot remove 'dst/d': Input/output error"), !memory_notes, "{seen:?}");
    assert!(seen.out.ends_with("low:\nd\nf\ng\n\nup:\nd\ne\nf\n"), "{seen:?}");
}

fn overlay_refused() {
    let f = Folder::new();
    for (line, message) in [
        ("--overlay-src l --overlay u u d", "RWSRC and WORKDIR are the same directory"),
        ("--overlay-src l --overlay u u/in d", "WORKDIR lies within RWSRC"),
        ("--overlay-src l --overlay u/in u d", "RWSRC lies within WORKDIR"),
        ("--overlay-src l --overlay u /dev/shm d", "lie on two mounts"),
        ("--overlay-src file --tmp-overlay d", "ENOTDIR"),
        ("--overlay-src no --tmp-overlay d", "open(\"no\""),
        ("--overlay-src l --overlay-src l --ro-overlay d", "hint: two of the directories are the same"),
    ] {
        let seen = sh(&format!("cd {f}; mkdir -p l u/in d; : >file; {}unshare-mnt {line} -- true", user()));
        assert!(seen.refused().contains(message), "{line}: {seen:?}");
    }
    let seen = sh("unshare-user -- unshare-mnt --overlay-src / --tmp-overlay / -- true");
    assert!(seen.refused().contains("hint: a layer holds mounts that this user namespace may not lift"), "{seen:?}");
}

/// As an ordinary user, the system's files belong to nobody whom the namespace knows.
fn overlay_of_files_without_a_mapping() {
    if std::fs::read_to_string("/proc/self/mountinfo").expect("the mounts").contains(" /var/") {
        crate::support::runner::skip("something is mounted in /var, and an overlay leaves submounts out".to_owned());
    }
    let front = if is_root() {
        "unshare-user --map-users 0:1000:1 --map-groups 0:1000:1 --setuid 0 --setgid 0"
    } else {
        "unshare-user"
    };
    for (line, errno, hint) in [
        ("--dir /var/tmp/new", "EOVERFLOW", "--map-auto"),
        ("--symlink x /var/tmp/new", "EOVERFLOW", "--map-auto"),
        ("--tmpfs /var/lib/a/b", "EACCES", "name this one as the layer"),
        ("--symlink x /var/lib/new", "EACCES", "name this one as the layer"),
    ] {
        let seen = sh(&format!("{front} -- unshare-mnt --overlay-src /var --tmp-overlay /var {line} -- true"));
        let message = seen.refused();
        assert!(message.contains(errno) && message.contains(hint), "{line}: {seen:?}");
    }
    let seen = sh(&format!(
        "{front} -- unshare-mnt --overlay-src /var/lib --tmp-overlay /var/lib --dir /var/lib/new -- ls -d /var/lib/new"
    ));
    assert_eq!(seen.ok(), "/var/lib/new");
}

/// Before Linux 6.13 overlayfs takes layers by name alone, before 6.15 none of a mount that is attached nowhere. strace
/// lets a newer kernel refuse what those do.
fn overlays_of_older_kernels() {
    need("strace");
    let f = Folder::new();
    let refuse = |when: u32| {
        if kernel() < (6, 13) {
            return format!("{}unshare-mnt", user());
        }
        // In a user namespace there is one call more, userxattr.
        let when = when + u32::from(!is_root());
        format!("{}strace -qqfo /dev/null -e inject=fsconfig:error=EINVAL:when={when} unshare-mnt", user())
    };
    let seen = sh(&format!(
        "cd {f}; mkdir 'l:,\\o' 'u:,\\p' 'w:,\\k' dst; echo low >'l:,\\o/f'
         for when in '{lower}' '{upper}' '{work}'; do
           $when --overlay-src 'l:,\\o' --overlay 'u:,\\p' 'w:,\\k' dst -- sh -c 'cat dst/f; echo x >dst/new'; ls 'u:,\\p'; rm 'u:,\\p/new'
         done
         {attach} --dir n --overlay-src 'l:,\\o' --tmp-overlay n -- sh -c 'cat n/f; echo x >n/new; ls n'; ls n
         {attach} --dir o --overlay-src 'l:,\\o' --tmp-overlay o -- /none; ls -d o; chmod -R u+rwx w*",
        lower = refuse(2),
        upper = refuse(3),
        work = refuse(4),
        attach = refuse(8),
    ));
    assert_eq!(seen.out, "low\nnew\nlow\nnew\nlow\nnew\nlow\nf\nnew\n", "{seen:?}");
    assert!(seen.err.contains("execvp(\"/none\")") && seen.err.contains("cannot access 'o'"), "{seen:?}");
}
