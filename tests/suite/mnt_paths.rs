//! `unshare-mnt`: names that are hard to get right, and destinations of every kind.

use crate::support::{Folder, LIMIT, Seen, command, is_root, sh, user, watch};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

crate::tests![names, longest, destinations, destinations_inside_a_root];

/// `unshare-mnt` with arguments that no shell has touched.
#[track_caller]
fn unshare_mnt(arguments: &[&OsStr]) -> Seen {
    let mut chain = command(if is_root() { "unshare-mnt" } else { "unshare-user" });
    if !is_root() {
        chain.args(["--", "unshare-mnt"]);
    }
    chain.args(arguments);
    watch(chain, LIMIT)
}

fn words<'a>(line: &'a [&'a dyn AsRef<OsStr>]) -> Vec<&'a OsStr> {
    line.iter().map(|word| (*word).as_ref()).collect()
}

fn names() {
    let f = Folder::new();
    fs::create_dir(f.join("t")).and_then(|()| fs::create_dir(f.join("empty"))).expect("directories");
    let bytes: [&[u8]; 10] = [
        b"two words",
        b"new\nline",
        b"a:b,c=d",
        b"quo\"te's",
        b"back\\slash\\:",
        b"\xff\xfe\x80",
        "\u{fc}\u{1f980}".as_bytes(),
        b"-dash",
        b"$HOME `id` *",
        b"\x1b[31mred",
    ];
    for name in bytes.map(OsStr::from_bytes) {
        let (source, dest) = (f.path().join(name), f.join("t").join(name));
        fs::create_dir_all(&source).and_then(|()| fs::write(source.join("f"), "found")).expect("a file");
        fs::create_dir(&dest).expect("a directory");
        let (tmpfs, file) = (f.join("t"), dest.join("f"));
        for line in [
            words(&[&"--bind", &source, &dest]),
            words(&[&"--ro-bind", &source, &dest]),
            words(&[&"--overlay-src", &source, &"--tmp-overlay", &dest]),
            words(&[&"--overlay-src", &f.join("empty"), &"--overlay-src", &source, &"--ro-overlay", &dest]),
            // Made under a tmpfs of the same line; a directory, a file, a link.
            words(&[&"--tmpfs", &tmpfs, &"--bind", &source, &dest]),
            words(&[&"--tmpfs", &tmpfs, &"--bind", &source.join("f"), &file]),
            words(&[&"--tmpfs", &tmpfs, &"--symlink", &source, &dest]),
            words(&[&"--tmpfs", &tmpfs, &"--dir", &dest, &"--chdir", &dest, &"--bind", &source.join("f"), &file]),
        ] {
            let seen = unshare_mnt(&[&line[..], &words(&[&"--", &"cat", &file])[..]].concat());
            assert_eq!(seen.ok(), "found", "{line:?}");
        }
        // A message holds no control character and stays on its line.
        let seen = unshare_mnt(&words(&[&"--bind", &source.join("no"), &dest, &"--", &"true"]));
        assert_eq!(seen.refused().lines().count(), 2, "{seen:?}");
        assert!(!seen.err.contains('\x1b'), "{seen:?}");
    }
}

/// A path below `parent` that is `length` bytes long, of names of up to 200 bytes.
fn path_of(length: usize, parent: &Path) -> PathBuf {
    let mut path = parent.to_owned();
    loop {
        let left = length - path.as_os_str().len() - 1;
        // Never leave so little that no name fits behind it.
        let name = if left > 255 { 200 } else { left };
        path.push(OsString::from("n".repeat(name)));
        if left == name {
            return path;
        }
    }
}

fn longest() {
    let f = Folder::new();
    let (source, long, too_long) = (f.join("s"), path_of(4095, f.path()), path_of(4096, f.path()));
    fs::create_dir_all(&long).and_then(|()| fs::create_dir(&source)).expect("directories");
    assert_eq!(long.as_os_str().len(), 4095);
    for line in
        [words(&[&"--tmpfs", &long]), words(&[&"--tmpfs", &f.path().parent().expect("a parent"), &"--tmpfs", &long])]
    {
        assert_eq!(
            unshare_mnt(&[&line[..], &words(&[&"--", &"stat", &"-fc", &"%T", &long])[..]].concat()).ok(),
            "tmpfs"
        );
    }
    assert!(unshare_mnt(&words(&[&"--bind", &long, &source, &"--", &"true"])).status.success());
    for line in
        [words(&[&"--tmpfs", &too_long]), words(&[&"--bind", &too_long, &source]), words(&[&"--dir", &too_long])]
    {
        let seen = unshare_mnt(&[&line[..], &words(&[&"--", &"true"])[..]].concat());
        assert!(seen.refused().ends_with("hint: a path has at most 4095 bytes, a name in it 255"), "{seen:?}");
    }
}

fn destinations() {
    let f = Folder::new();
    let listener = UnixListener::bind(f.join("socket")).expect("a socket");
    fs::write(f.join("file"), "old").and_then(|()| fs::write(f.join("source"), "new")).expect("files");
    fs::create_dir(f.join("dir")).expect("a directory");
    for (target, link) in [("file", "to-file"), ("dir", "to-dir"), ("nowhere", "dangling"), ("loop", "loop")] {
        symlink(target, f.join(link)).expect("a symlink");
    }
    let in_folder = |line: &str| sh(&format!("cd {f}; mkfifo -m 600 fifo 2>/dev/null; {}unshare-mnt {line}", user()));
    for dest in ["file", "socket", "fifo", "to-file"] {
        assert_eq!(in_folder(&format!("--bind source {dest} -- cat {dest}")).ok(), "new", "{dest}");
    }
    assert_eq!(in_folder("--bind source to-file -- cat file").ok(), "new", "a symlink is followed");
    assert_eq!(in_folder("--tmpfs to-dir -- stat -fc %T dir").ok(), "tmpfs");
    assert_eq!(in_folder("--bind socket file -- stat -c %F file").ok(), "socket");
    assert_eq!(in_folder("--bind fifo file -- stat -c %F file").ok(), "fifo", "nobody waits for a writer");
    assert_eq!(in_folder("--bind /dev/null file -- sh -c 'echo x >file; cat file'").ok(), "", "a device");
    assert_eq!(in_folder("--tmpfs dir --bind socket dir/a/b -- stat -c %F dir/a/b").ok(), "socket");
    for (dest, hint) in
        [("missing", "--dir"), ("dangling", "symlink that leads nowhere"), ("loop", "circle"), ("file/x", "ENOTDIR")]
    {
        let seen = in_folder(&format!("--bind source {dest} -- true"));
        let refused = seen.refused();
        assert!(refused.contains(hint) || (dest == "dangling" && refused.contains("--dir")), "{seen:?}");
        assert!(!f.join("missing").exists() && !f.join("nowhere").exists());
    }
    drop(listener);
}

fn destinations_inside_a_root() {
    let f = Folder::new();
    let seen = sh(&format!(
        "cd {f}; mkdir -p R/real R/etc R/bin; cp \"$(command -v busybox)\" R/bin/; echo s >source
         ln -s /real R/absolute; ln -s ../../../real R/etc/relative; ln -s /etc/relative R/chain; ln -s {f}/source R/outward
         for d in absolute etc/relative chain chain/../chain /absolute/../../../absolute; do
           {u}unshare-mnt --root R --tmpfs $d --bind source $d/f -- /bin/busybox cat /real/f || echo $d; done
         {u}unshare-mnt --root R --bind source /outward -- /bin/busybox true; echo $?; cat source",
        u = user()
    ));
    assert_eq!(seen.out, "s\ns\ns\ns\ns\n125\ns\n", "{seen:?}");
}
