//! Composed with what composes commands: output, status and duration are those of the bare pipeline.

use crate::support::{Folder, Seen, eventually, marked, need, script, sh, user, watch};
use std::fs;
use std::time::Duration;

crate::tests![xargs, timeouts, find_exec, parallel_make, pipe_through_three, gnu_parallel, broken_pipe];

/// The tool stands before a command of a pipeline: `{}` is nothing, then a chain. The two runs are the same.
///
/// Durations are compared with the bare run's of the same moment, and generously: other tests share the machine. What
/// they catch is a wait for something that is over, or commands one after the other that were to run at once.
#[track_caller]
fn same_as_bare(text: &str) -> Seen {
    let folder = Folder::new();
    fs::create_dir(folder.join("many")).expect("a folder");
    for name in ["a", "b", "c d", "-e", "f\nf"] {
        fs::write(folder.join("many").join(name), name).expect("a file");
    }
    let chains = [
        format!("{}unshare-pid --", user()),
        format!("{}unshare-pid --init -- unshare-uts -- unshare-ipc --", user()),
        "unshare-user -- unshare-net -- unshare-mnt -- unshare-pid --mount-proc -- unshare-uts -- unshare-ipc --"
            .into(),
    ];
    let run =
        |chain: &str| watch(script(&format!("cd {folder}; {}", text.replace("{}", chain))), Duration::from_secs(60));
    let bare = run("");
    for chain in chains {
        let seen = run(&chain);
        assert_eq!((seen.code(), &seen.out, &seen.err), (bare.code(), &bare.out, &bare.err), "{chain}");
        let limit = bare.took * 10 + Duration::from_secs(20);
        assert!(seen.took < limit, "{chain}: {:?}, bare {:?}", seen.took, bare.took);
    }
    bare
}

fn xargs() {
    let seen = same_as_bare("seq 40 | xargs -P 4 -n 1 {} sh -c 'echo $(($1 * 2))' sh | sort -n");
    assert_eq!(seen.ok().lines().count(), 40);
    // 123: one of them failed; 124: one ended with 255; 125: one was killed.
    assert_eq!(same_as_bare("seq 8 | xargs -P 4 -n 1 {} sh -c 'exit $(($1 % 3))' sh").code(), 123);
    assert_eq!(same_as_bare("seq 8 | xargs -n 1 {} sh -c 'test $1 -lt 5 || exit 255' sh 2>/dev/null").code(), 124);
    // At once, not one after the other: 8 times 3 s take no 24 s.
    let seen =
        sh(&format!("seq 8 | xargs -P 8 -n 1 {}unshare-pid -- sleep", user()).replace("sleep", "sh -c 'sleep 3'"));
    assert!(seen.status.success() && seen.took < Duration::from_secs(20), "{seen:?}");
}

fn timeouts() {
    assert_eq!(same_as_bare("timeout 0.3 {} sleep 60").code(), 124);
    assert_eq!(same_as_bare("timeout 20 {} sh -c 'exit 9'").code(), 9);
    assert_eq!(same_as_bare("timeout --preserve-status 0.3 {} sleep 60").code(), 143);
    assert_eq!(same_as_bare("timeout -s KILL 0.3 {} sleep 60").code(), 137);
    assert_eq!(same_as_bare("timeout -k 0.3 3 {} sh -c 'trap \"\" TERM; sleep 60 & wait; sleep 60'").code(), 137);
    // And with the timeout inside.
    assert_eq!(same_as_bare("{} timeout 0.3 sleep 60").code(), 124);
}

fn find_exec() {
    let seen = same_as_bare(
        "find many -type f -exec {} sh -c 'printf \"<%s> \" \"$@\"; cat -- \"$1\"' sh {file} \\; | sort"
            .replace("{file}", "'{''}'")
            .as_str(),
    );
    assert_eq!(seen.ok().matches('<').count(), 5, "{seen:?}");
    assert_eq!(same_as_bare("find many -type f -exec {} false '{''}' +").code(), 1);
    let seen = same_as_bare("find many -type f -exec {} test -s '{''}' \\; -print | sort");
    assert_eq!(seen.ok().matches("many/").count(), 5, "{seen:?}");
}

fn parallel_make() {
    need("make");
    let makefile = "printf 'all: 1 2 3 4 5 6 7 8\\n%%:\\n\\t@%s sh -c \"echo $@ >$@\"\\n' \"{}\" >Makefile";
    let seen = same_as_bare(&format!("{makefile}; make -j 4 && cat 1 2 3 4 5 6 7 8; rm -f 1 2 3 4 5 6 7 8"));
    assert_eq!(seen.ok(), "1\n2\n3\n4\n5\n6\n7\n8");
    // make within: the job server's descriptors go through the chain.
    let makefile = "printf 'all:\\n\\t@+%s make -s -j -f Inner\\n' \"{}\" >Makefile; printf 'all: x y\\nx y:\\n\\t@echo made\\n' >Inner";
    let seen = same_as_bare(&format!("{makefile}; make -s -j 3"));
    assert_eq!(seen.ok(), "made\nmade");
    // A recipe that fails, and one that is killed.
    assert_eq!(
        same_as_bare("printf 'all:\\n\\t@%s sh -c \"exit 3\"\\n' \"{}\" >Makefile; make -j 2 2>/dev/null").code(),
        2
    );
}

fn pipe_through_three() {
    let seen = same_as_bare("head -c 8000000 /dev/zero | {} tr '\\0' x | {} cat | {} wc -c");
    assert_eq!(seen.ok(), "8000000");
    let seen = same_as_bare("{} seq 100000 | {} grep 7 | {} sha256sum");
    assert!(seen.ok().ends_with('-'));
    // The status is the last one's.
    assert_eq!(same_as_bare("{} true | {} true | {} sh -c 'cat; exit 4'").code(), 4);
}

fn gnu_parallel() {
    need("parallel");
    let seen =
        same_as_bare("HOME=$PWD parallel --will-cite -k -j 4 {} sh -c \"'echo \\$((\\$0 + 1))'\" ::: 1 2 3 4 5 6");
    assert_eq!(seen.ok(), "2\n3\n4\n5\n6\n7");
    // The status counts the jobs that failed.
    assert_eq!(same_as_bare("HOME=$PWD parallel --will-cite -j 4 {} sh -c \"'exit \\$0'\" ::: 0 1 2 0 3").code(), 3);
}

/// A writer whose reader is gone ends, and nobody is left behind.
fn broken_pipe() {
    let seen = sh(&format!("{}unshare-pid --init -- yes | head -1", user()));
    assert_eq!((seen.ok(), seen.err.as_str()), ("y", ""));
    let seen = sh(&format!("exec 3>&1; {{ {}unshare-pid --init -- yes; echo $? >&3; }} | head -1 >/dev/null", user()));
    assert_eq!(seen.ok(), "141");
    let mark = format!("a-writer-of-{}", std::process::id());
    assert_eq!(sh(&format!("{}unshare-uts -- unshare-pid --init -- yes {mark} | head -1", user())).ok(), mark);
    eventually("no writer is left", || marked(&mark).is_empty());
}
