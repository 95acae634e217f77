//! `unshare-mnt` for what people use it for: whole systems, overlays that are thrown away, builds.

use crate::support::{Folder, is_root, need, sh, user};

crate::tests![overlay_over_the_host, overlay_over_usr_and_a_source_tree, read_only_host, build_in_a_read_only_source];

/// As root: the host's own tree, to do with as one likes, and none of it stays. An ordinary user is told that it takes root.
fn overlay_over_the_host() {
    let f = Folder::new();
    let line = "unshare-mnt --overlay-src / --tmp-overlay / --proc /proc --dev /dev";
    if !is_root() {
        let seen = sh(&format!("cd {f}; unshare-user -- unshare-pid -- {line} -- true"));
        assert!(seen.refused().contains("or be real root"), "{seen:?}");
        return;
    }
    let seen = sh(&format!(
        "cd {f}; mark=unshare-suite-$$; unshare-pid -- {line} -- sh -ec \"
           dpkg -l dpkg | tail -1 | cut -c1-2; perl -e 'print qq(perl\\n)'; su nobody -s /bin/sh -c 'id -un'
           echo x >/etc/$mark; rm -rf /usr/share/doc /var/lib/dpkg; ! dpkg -l dpkg 2>/dev/null; ls /etc/$mark\"
         ls /etc/$mark; dpkg -l dpkg | tail -1 | cut -c1-2"
    ));
    let lines: Vec<&str> = seen.out.lines().collect();
    assert_eq!(lines[..3], ["ii", "perl", "nobody"], "{seen:?}");
    assert!(lines[3].starts_with("/etc/unshare-suite-") && lines[4] == "ii" && lines.len() == 5, "{seen:?}");
}

fn overlay_over_usr_and_a_source_tree() {
    let f = Folder::new();
    let seen = sh(&format!(
        "mkdir {f}/src; cd {f}/src; echo one >a; echo two >b; umask 022; mark=unshare-suite-$$
         {u}unshare-mnt --overlay-src /usr --tmp-overlay /usr --overlay-src . --tmp-overlay . -- sh -ec \"
            echo x >/usr/$mark; ls /usr/$mark; pwd; rm a; echo three >b; mkdir build; cat b; ls\"
         ls /usr/$mark; ls; cat a b",
        u = user()
    ));
    let expected = format!("{f}/src\nthree\nb\nbuild\na\nb\none\ntwo\n");
    assert!(seen.out.starts_with("/usr/unshare-suite-") && seen.out.ends_with(&expected), "{seen:?}");
    assert_eq!(seen.out.matches("/usr/unshare-suite-").count(), 1, "{seen:?}");
}

fn read_only_host() {
    let f = Folder::new();
    let seen = sh(&format!(
        "cd {f}; {u}unshare-pid -- unshare-mnt --ro-bind / / --tmpfs /tmp --dev /dev --proc /proc -- sh -c '
           for d in / /etc /usr /var /proc/sys; do touch $d/x 2>/dev/null && echo wrote $d; done
           ls -A /tmp; touch /tmp/x && echo tmp; grep -c . </proc/mounts >/dev/null; echo $$; echo x >/dev/null && echo null'; ls -A {f}",
        u = user()
    ));
    assert_eq!(seen.ok(), "tmp\n1\nnull");
}

fn build_in_a_read_only_source() {
    need("make");
    let f = Folder::new();
    let seen = sh(&format!(
        "cd {f}; mkdir src out; printf '../out/b: a\\n\\tcp a ../out/b\\nin-tree: a\\n\\tcp a in-tree\\n' >src/Makefile; echo made >src/a
         {u}unshare-mnt --ro-bind src src --bind out out -- make -s -C src ../out/b; cat out/b
         {u}unshare-mnt --ro-bind src src --bind out out -- make -s -C src in-tree 2>&1 | grep -o 'Read-only file system'
         {u}unshare-mnt --ro-bind . . --overlay-src src --tmp-overlay src -- sh -c 'make -s -C src in-tree; cat src/in-tree'; ls src",
        u = user()
    ));
    assert_eq!(seen.ok(), "made\nRead-only file system\nmade\nMakefile\na");
}
