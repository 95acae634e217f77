//! Roots made by somebody who wants out: symlinks, a racing process, and what others were bitten by. Every scene has a
//! canary, a directory outside the root, that must not change.

use crate::support::{Folder, LIMIT, Seen, need, script, sh, tools, user, watch};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

crate::tests![
    symlinks,
    parents_that_are_symlinks,
    race,
    swapped_when_just_made,
    source_swapped_for_a_symlink,
    descriptor_as_working_directory,
    own_binary_through_proc,
    own_binary_as_interpreter,
];

/// A folder with a hostile root `R`, a canary `C` outside it, a `src` to bind, and inside R a directory of the canary's
/// very path, where everything that aims at the canary has to land.
fn scene() -> (Folder, String) {
    need("busybox");
    let f = Folder::new();
    let seen = sh(&format!(
        r#"cd '{f}' && mkdir -p C/sub src R/bin R/proc R/a R/etc "R{f}/C" && echo alive >C/canary && echo src >src/f
        cp "$(command -v busybox)" R/bin/ && for c in sh ls cat grep pwd touch mkdir; do ln -s busybox R/bin/$c; done
        ln -s / R/dev; ln -s ../../.. R/up; ln -s /etc R/a/b; ln -s '{f}/C' R/abs; ln -s '../../../../../../../..{f}/C' R/rel
        ln -s /proc/self/root R/magic; ln -s /proc/self/fd/7 R/leak; ln -s /proc/1/root R/init"#
    ));
    seen.ok();
    let canary = look(&f.join("C"));
    (f, canary)
}

/// Every file below a directory: inode, mode, size, time of change, name.
fn look(directory: &Path) -> String {
    sh(&format!("find '{}' -printf '%i %m %s %C@ %p\n' | sort", directory.display())).ok().to_owned()
}

#[track_caller]
fn in_root(f: &Folder, line: &str, command: &str) -> Seen {
    sh(&format!("cd {f} && exec 7</ && {}unshare-mnt --root R {line} -- {command}", user()))
}

fn symlinks() {
    let (f, canary) = scene();
    for place in ["dev", "up", "a/b", "abs", "rel", "magic", "leak", "init"] {
        for line in [
            format!("--dir /{place}/made"),
            format!("--symlink target /{place}/link"),
            format!("--tmpfs /{place}/bin"),
            format!("--bind src /{place}/sub"),
            format!("--ro-bind src/f /{place}/canary"),
            format!("--bind /proc /proc --tmpfs /{place}{f}"),
            format!("--dir /{place}/d --dev /{place}/d"),
            format!("--bind /proc /proc --chdir /{place}"),
            format!("--remount-ro /{place}"),
        ] {
            let seen = in_root(&f, &line, "/bin/sh -c ':'");
            assert!(matches!(seen.code(), 0 | 125 | 127), "{line}: {seen:?}");
            assert_eq!(look(&f.join("C")), canary, "{line}: {seen:?}");
        }
    }
    for name in ["made", "link", "d"] {
        assert!(!Path::new("/").join(name).exists() && !Path::new("/etc").join(name).exists());
    }
    // What aimed at the canary is inside the root, under the same name.
    let inside = f.join("R").join(f.path().strip_prefix("/").expect("an absolute path")).join("C");
    assert!(inside.join("made").is_dir() && inside.join("link").is_symlink());
}

/// GHSA-pxhw-h44j-8pfx: parents of a mount point were made through a symlink in a directory that was bound before.
fn parents_that_are_symlinks() {
    let (f, canary) = scene();
    for place in ["abs", "rel", "magic/tmp", "a/b"] {
        for line in [
            format!("--dir /w/{place}/x/y"),
            format!("--symlink t /w/{place}/x/y"),
            format!("--bind src /w/{place}/x/y"),
            format!("--bind src/f /w/{place}/x/y"),
            format!("--tmpfs /w/{place}/x/y"),
        ] {
            for root in ["--tmpfs /", "--root R --dir /w", "--tmpfs / --bind / /oldroot"] {
                let seen = sh(&format!(
                    "cd {f}; {}unshare-mnt {root} --bind R /w --bind R/bin /bin --dir '{f}' {line} -- /bin/sh -c ':'",
                    user()
                ));
                assert!(matches!(seen.code(), 0 | 125), "{seen:?}");
                assert_eq!(look(&f.join("C")), canary, "{root} {line}: {seen:?}");
            }
        }
    }
}

/// A process outside swaps a directory for a symlink to the canary while we mount there (CVE-2026-47766 and its kin:
/// a name checked first and used later). `SOAK` is the number of tries.
fn race() {
    let (f, canary) = scene();
    let tries: u32 = std::env::var("SOAK").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let directory = f.join("R/race");
    fs::create_dir_all(directory.join("b/c")).expect("a directory");
    symlink(f.join("C"), directory.join("l0")).expect("a symlink");
    symlink(format!("../../../../../../..{f}/C"), directory.join("l1")).expect("a symlink");
    let (stop, swaps) = (AtomicBool::new(false), AtomicU32::new(0));
    let (mut done, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let name = |name: &str| directory.join(name);
            for link in ["l0", "l1"].iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                // The directory away, the link in its place, and back.
                for (from, to) in [("b", "aside"), (link, "b"), ("b", link), ("aside", "b")] {
                    // --dir may have made one in the moment when there was none.
                    while fs::rename(name(from), name(to)).is_err() {
                        fs::remove_dir_all(name(to)).expect("a directory in the way");
                    }
                    // Either state lasts for some calls of the tool, and the moments without one are short.
                    if to == "b" {
                        std::thread::sleep(Duration::from_micros(100));
                    }
                }
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        let result = std::panic::catch_unwind(|| {
            let (mut done, mut refused) = (0, 0);
            for number in 0..tries {
                let line = match number % 4 {
                    0 => "--tmpfs /race/b",
                    1 => "--dir /race/b/made/deep",
                    2 => "--tmpfs /race/b/c --bind src /race/b/c/new/deep",
                    _ => "--symlink target /race/b/made/link --tmpfs /race/b/made",
                };
                let command = format!(
                    "cd {f} && exec {}unshare-mnt --bind /proc /proc {line} --root R -- /bin/grep -c ' /race.* - tmpfs ' /proc/self/mountinfo",
                    user()
                );
                let seen = watch(script(&command), LIMIT);
                match seen.code() {
                    // The mount is inside, and nowhere else. (grep counts none where the swapper moved it to the canary's name in R.)
                    0 | 1 => done += 1,
                    125 => refused += 1,
                    _ => panic!("{line}: {seen:?}"),
                }
            }
            (done, refused)
        });
        stop.store(true, Ordering::Relaxed);
        (done, refused) = result.unwrap_or_else(|why| std::panic::resume_unwind(why));
    });
    assert_eq!(look(&f.join("C")), canary);
    let swaps = swaps.load(Ordering::Relaxed);
    assert!(done > 0 && refused > 0 && swaps > tries, "a race at all: {done} done, {refused} refused, {swaps} swaps");
}

/// The same in the moment between a directory and what is made in it, which strace makes long.
fn swapped_when_just_made() {
    need("strace");
    let (f, canary) = scene();
    let seen = sh(&format!(
        "cd {f}; {}strace -qqo /dev/null -e inject=mkdirat:delay_exit=2000000 unshare-mnt --root R --dir /made/deep -- /bin/sh -c : &
         until [ -d R/made ]; do :; done; rmdir R/made; ln -s {f}/C R/made; wait $!",
        user()
    ));
    assert!(seen.refused().contains("openat2(\"made\"): ENOTDIR"), "{seen:?}");
    assert_eq!(look(&f.join("C")), canary);
}

/// CVE-2024-42472: what is to be bound was swapped for a symlink after it was looked at. A caller who holds it open hands
/// the descriptor over.
fn source_swapped_for_a_symlink() {
    let (f, _) = scene();
    let swap = "exec 7<src; mv src kept; ln -s C src;";
    let seen = sh(&format!("cd {f}; mkdir d; {swap} {}unshare-mnt --bind /proc/self/fd/7 d -- ls d", user()));
    assert_eq!(seen.ok(), "f");
    // The name of the descriptor's file means another file by now: refused, not guessed.
    let f = scene().0;
    let seen = sh(&format!(
        "cd {f}; mkdir other; echo other >other/f; : >d; exec 7<src/f; {}unshare-mnt --bind other src -- unshare-mnt --bind /proc/self/fd/7 d -- cat d",
        user()
    ));
    assert!(seen.refused().contains("hint: another file has the name"), "{seen:?}");
    // By its name it is what the name says now: the canary, which shows that this scene would see a mistake.
    let f = scene().0;
    let seen = sh(&format!("cd {f}; mkdir d; mv src kept; ln -s C src; {}unshare-mnt --bind src d -- ls d", user()));
    assert_eq!(seen.ok(), "canary\nsub");
}

/// CVE-2024-21626: a descriptor that leads outside became the working directory.
fn descriptor_as_working_directory() {
    let (f, _) = scene();
    for directory in ["/proc/self/fd/7", "/leak", "/magic/../../leak", "/proc/self/cwd", "/proc/thread-self/fd/7/etc"] {
        let seen = in_root(&f, &format!("--bind /proc /proc --chdir {directory}"), "/bin/pwd");
        assert!(seen.refused().contains("--chdir"), "{directory}: {seen:?}");
    }
    // The caller's working directory has a hostile namesake inside.
    let seen = sh(&format!(
        "cd {f}; mkdir here; ln -s /proc/self/fd/7 R{f}/here; exec 7<C; cd here; {}unshare-mnt --root ../R --bind /proc /proc -- /bin/sh -c 'pwd; ls canary ../canary'",
        user()
    ));
    assert!(seen.out == "/\n" && !seen.err.contains("C/canary"), "{seen:?}");
    // Nor does the directory that the caller stands in stay open.
    let seen =
        sh(&format!("cd {f}/C; {}unshare-mnt --root ../R -- /bin/sh -c 'ls canary ./canary ../C/canary'", user()));
    assert!(seen.out.is_empty(), "{seen:?}");
}

/// CVE-2019-5736: the supervisor's binary, which PID 1 is, is written through `/proc/1/exe`.
fn own_binary_through_proc() {
    let (f, _) = scene();
    sh(&format!("cp '{}/unshare-pid' {f}/unshare-pid", tools().display())).ok();
    let before = fs::read(f.join("unshare-pid")).expect("a tool");
    let attack =
        "exec 8</proc/1/exe; for n in 1 2 3; do sh -c \"echo owned >/proc/self/fd/8\"; done; echo owned >/proc/1/exe";
    let seen = sh(&format!("cd {f}; {}./unshare-pid --init --mount-proc -- sh -c '{attack}'", user()));
    assert_eq!(seen.err.matches("Text file busy").count(), 4, "{seen:?}");
    assert!(fs::read(f.join("unshare-pid")).expect("a tool") == before);
    // The canary: a program that ends before its attacker does is written so. PID 1 is none.
    let seen = sh(&format!(
        "cd {f}; cp R/bin/busybox sleep; {}unshare-pid --init --mount-proc -- sh -c './sleep 1 & until [ \"$(readlink /proc/$!/exe)\" = \"$PWD/sleep\" ]; do :; done
           exec 8</proc/$!/exe; wait; echo owned >/proc/self/fd/8'; cat sleep",
        user()
    ));
    assert_eq!(seen.ok(), "owned");
}

/// The same through a command whose interpreter is `/proc/self/exe`: the tool runs again, in the hostile root. A static
/// tool loads nothing from there. One that is linked dynamically runs the root's own `ld.so`: the canary of this scene.
fn own_binary_as_interpreter() {
    let (f, _) = scene();
    let seen = sh(&format!(
        "cd {f}; cp '{}/unshare-mnt' .; printf '#!/proc/self/exe --help\\n' >R/evil; chmod +x R/evil
         for l in lib lib64; do mkdir -p R/$l; for n in ld-linux-x86-64.so.2 ld-linux-aarch64.so.1; do cp R/bin/busybox R/$l/$n; done; done
         {}./unshare-mnt --root R --bind /proc /proc -- /evil 2>&1",
        tools().display(),
        user()
    ));
    if !crate::support::is_static() {
        assert!(!seen.out.contains("Usage"), "the root's own ld.so ran, and knows no --help: {seen:?}");
    } else {
        assert!(seen.ok().contains("Usage: unshare-mnt"), "{seen:?}");
    }
}
