//! Calls that are interrupted or refused, and the death of the waiting link at any moment.

use super::stage::{children, state};
use crate::support::pty::Pty;
use crate::support::{
    Folder, LIMIT, command, eventually, is_root, need, script, session_command, sh, tools, user, wait, watch,
};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::fs;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

crate::tests![
    interrupted_calls,
    interrupted_init,
    keys_before_the_command_begins,
    signals_before_the_command_is_there,
    a_fault_that_somebody_sends,
    stopped_and_continued_at_random,
    continued_and_stopped_at_once,
    a_key_after_a_continue,
    killed_at_any_moment,
    killed_with_init,
    killed_when_the_command_changed_its_credentials,
    killed_with_a_setuid_program,
    fork_refused,
    descriptors_refused,
    filling_refused,
];

const SHAPES: [&str; 2] = ["unshare-pid", "unshare-pid --init"];

/// A number that no other process has among its arguments.
fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("9999{}{:03}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The processes that have this argument.
fn with_argument(argument: &str) -> usize {
    let has = |line: Vec<u8>| line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes());
    let numbers = fs::read_dir("/proc").expect("/proc").flatten();
    numbers.filter(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(has)).count()
}

fn nothing_left(argument: &str) {
    eventually(&format!("nothing runs with the argument {argument}"), || with_argument(argument) == 0);
}

/// strace(1) without what it prints itself.
fn strace(options: &str, line: &str) -> crate::support::Seen {
    watch(script(&format!("strace -qq -f -o /dev/null {options} {line}")), Duration::from_secs(60))
}

fn interrupted_calls() {
    need("strace");
    for shape in SHAPES {
        for call in ["rt_sigtimedwait", "waitid", "recvfrom", "poll,ppoll"] {
            // Every second one: to refuse all would leave nobody a way on.
            let options = format!("-e trace={call} -e inject={call}:error=EINTR:when=1+2");
            let seen = strace(&options, &format!("{}{shape} -- sh -c 'sleep .1; exit 3'", user()));
            assert_eq!((seen.code(), seen.err.as_str()), (3, ""), "{shape}, {call}: {seen:?}");
        }
    }
}

/// The init's one call; while it starts, the loader of COMMAND reads as well, and retries nothing.
fn interrupted_init() {
    need("strace");
    let line = format!("exec {}unshare-pid --init -- sh -c 'sleep 1; exit 3'", user());
    let mut child = script(&line).stdin(Stdio::null()).spawn().expect("a process");
    let init = || {
        let children = children(child.id() as i32).into_iter();
        children
            .map(|pid| pid.to_string())
            .find(|pid| fs::read(format!("/proc/{pid}/comm")).is_ok_and(|n| n == b"init\n"))
    };
    eventually("there is an init", || init().is_some());
    let init = init().expect("the init");
    let options = "-e trace=read -e inject=read:error=EINTR:when=1+2";
    let folder = Folder::new();
    let seen = sh(&format!("cd {folder} && timeout .4 strace -qq -o calls {options} -p {init}; cat calls"));
    assert!(seen.out.contains("INJECTED"), "{seen:?}");
    assert_eq!(child.wait().expect("a child of ours").code(), Some(3));
}

/// Ctrl-C and Ctrl-Z while the command's process waits to become it: the link writes to a FIFO that nobody reads yet.
fn keys_before_the_command_begins() {
    for shape in SHAPES {
        for (key, shows) in [("\x03", "P> "), ("\x1a", "Stopped")] {
            let folder = Folder::new();
            let fifo = folder.join("fifo");
            nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
            let mut bash = session_command("bash");
            bash.args(["--norc", "--noprofile", "--noediting", "-i"]).env("PS1", "P> ").env("HISTFILE", "");
            let mut pty = Pty::start(bash);
            let shell = pty.child.id() as i32;
            assert!(pty.expect("P> ", LIMIT));
            let before = if is_root() { "" } else { user() };
            let tools = tools();
            let path = format!("PATH={}:$PATH ", tools.display());
            pty.send(&format!("{path}{before}{shape} --pid-file {} -- sleep 60\n", fifo.display()));
            let processes = if shape.ends_with("init") { 2 } else { 1 };
            let link = || children(shell).into_iter().find(|link| children(*link).len() == processes);
            eventually("the command's process is there", || link().is_some());
            pty.send(key);
            // It has come when it is pending.
            let link = link().expect("the link");
            eventually("the key has come", || {
                let status = fs::read_to_string(format!("/proc/{link}/status")).unwrap_or_default();
                status.lines().any(|line| line.starts_with("ShdPnd") && !line.ends_with("0000000000000000"))
            });
            let pid = fs::read_to_string(&fifo).expect("the PID");
            assert!(pid.trim().parse::<u32>().is_ok(), "{pid}");
            assert!(pty.expect(shows, LIMIT), "{shape}, {key:?}: {}", pty.shown());
            if shows == "Stopped" {
                pty.send("fg\n");
                eventually("it has the foreground", || pty.foreground() != shell);
                pty.send("\x03");
                assert!(pty.expect("P> ", LIMIT), "{shape}, {key:?}: {}", pty.shown());
            }
            pty.send("echo s=$?\n");
            assert!(pty.expect("s=130", LIMIT), "{shape}, {key:?}: {}", pty.shown());
            let _ = pty.child.kill();
            let _ = pty.child.wait();
        }
    }
}

/// A signal of the group's that comes when the link has no child yet: nobody but the link got it.
fn signals_before_the_command_is_there() {
    need("strace");
    for shape in SHAPES {
        let mark = unique();
        let tool = tools().join("unshare-pid");
        let tool = shape.replace("unshare-pid", tool.to_str().expect("a path"));
        // Each fork takes its time to begin.
        let slow = "-e trace=clone,fork -e inject=clone,fork:delay_enter=400000";
        let mut bash = session_command("sh");
        let line = format!("trap : INT; {}strace -qq -f -o /dev/null {slow} {tool} -- sleep {mark}; echo s=$?", user());
        bash.args(["-c", &line]);
        let mut pty = Pty::start(bash);
        let mut link = 0;
        eventually("the link has all signals blocked", || {
            link = with_name("unshare-pid", &mark).unwrap_or(0);
            let status = fs::read_to_string(format!("/proc/{link}/status")).unwrap_or_default();
            status.lines().any(|line| line.starts_with("SigBlk:\tf"))
        });
        assert_eq!(children(link), [0; 0], "{shape}: too late to see anything");
        pty.send("\x03");
        assert!(pty.expect("s=130", LIMIT), "{shape}: {}", pty.shown());
        nothing_left(&mark);
    }
}

/// SIGSEGV and SIGBUS by kill(1) to a link that is about to become its command: it tells into a pipe that is full.
fn a_fault_that_somebody_sends() {
    for signal in [Signal::SIGSEGV, Signal::SIGBUS] {
        let (_end, full) = nix::unistd::pipe().expect("a pipe");
        // Filled by a program that stops when nothing more goes in: the descriptor itself has to stay one that blocks.
        let filler = "import fcntl, os; fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 4096); os.write(1, b'x' * 4096)";
        let mut python = command("python3");
        python.args(["-c", filler]).stdout(full.try_clone().expect("a descriptor"));
        assert!(python.status().expect("python3").success());
        let mark = unique();
        let line = format!("ulimit -c 0; exec {}unshare-uts --explain -- sleep {mark}", user());
        let mut child = script(&line).stdin(Stdio::null()).stderr(full).spawn().expect("a process");
        // It waits, and goes on waiting.
        let waits = || with_name("unshare-uts", &mark).and_then(state).as_deref() == Some("S");
        eventually("it tells", || {
            waits() && {
                sleep(Duration::from_millis(50));
                waits()
            }
        });
        let _ = kill(Pid::from_raw(child.id() as i32), signal);
        let status = wait(&mut child, LIMIT);
        let _ = child.kill();
        assert_eq!(status.expect("it is over").signal(), Some(signal as i32), "{signal}");
    }
}

/// The process of this name that has this argument.
fn with_name(name: &str, argument: &str) -> Option<i32> {
    let numbers = fs::read_dir("/proc").expect("/proc").flatten();
    let has = |folder: &std::path::Path| {
        fs::read_to_string(folder.join("comm")).is_ok_and(|comm| comm.trim_end() == name)
            && fs::read_to_string(folder.join("cmdline")).is_ok_and(|line| line.contains(argument))
    };
    numbers.filter(|entry| has(&entry.path())).find_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn stopped_and_continued_at_random() {
    for shape in SHAPES {
        let line = format!("exec {}{shape} -- sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep .05; done; exit 5'", user());
        let mut child = script(&line).stdin(Stdio::null()).spawn().expect("a process");
        let pid = Pid::from_raw(child.id() as i32);
        let mut random = 1_u64;
        let status = loop {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let _ = kill(pid, Signal::SIGSTOP);
            sleep(Duration::from_micros(random >> 52));
            let _ = kill(pid, Signal::SIGCONT);
            sleep(Duration::from_micros(random >> 50));
            if let Some(status) = child.try_wait().expect("a child of ours") {
                break status;
            }
        };
        assert_eq!(status.code(), Some(5), "{shape}");
    }
}

/// A group of links in one another is continued and stopped at once, thousands of times: it stands still each time, however
/// far the link inside has come in asking to be stopped.
fn continued_and_stopped_at_once() {
    const ROUNDS: usize = 2000;
    let storm = || {
        let line = format!("exec {}unshare-pid -- unshare-pid -- sh -c 'echo begun; exec sleep 600'", user());
        let mut command = script(&line);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).spawn().expect("a process");
        let _ = child.stdout.as_mut().expect("it is piped").read_exact(&mut [0; 6]);
        let group = Pid::from_raw(child.id() as i32);
        let stands_soon = || {
            (0..1000).any(|_| {
                sleep(Duration::from_millis(2));
                state(group.as_raw()).as_deref() == Some("T")
            })
        };
        let went_on = (0..ROUNDS).filter(|_| {
            let _ = killpg(group, Signal::SIGCONT);
            let _ = killpg(group, Signal::SIGTSTP);
            !stands_soon()
        });
        let went_on = went_on.count();
        let _ = killpg(group, Signal::SIGKILL);
        let _ = child.wait();
        went_on
    };
    let went_on: usize = std::thread::scope(|scope| {
        let storms: Vec<_> = (0..4).map(|_| scope.spawn(storm)).collect();
        storms.into_iter().map(|storm| storm.join().expect("a storm")).sum()
    });
    assert_eq!(went_on, 0, "it did not stop so often, of {} times", 4 * ROUNDS);
}

/// A continue that a link passes on late takes no key back that came after it.
fn a_key_after_a_continue() {
    let mut bash = session_command("bash");
    bash.args(["--norc", "--noprofile", "--noediting", "-i"]).env("PS1", "P> ").env("HISTFILE", "");
    let mut pty = Pty::start(bash);
    let shell = pty.foreground();
    let links = "unshare-pid -- ".repeat(3);
    pty.send(&format!("PATH={}:$PATH {}{links}sh -c 'echo be\"\"gun; exec sleep 600'\n", tools().display(), user()));
    assert!(pty.expect("begun", LIMIT), "{}", pty.shown());
    let group = Pid::from_raw(pty.foreground());
    for round in 0..30 {
        let _ = killpg(group, Signal::SIGCONT);
        sleep(Duration::from_micros(round % 4 * 300));
        pty.send("\x1a");
        assert!(pty.expect("Stopped", LIMIT / 4), "{round}: {}", pty.shown());
        pty.send("fg\n");
        eventually("it has the foreground", || pty.foreground() != shell);
        eventually("it goes on", || state(group.as_raw()).as_deref() == Some("S"));
    }
    let _ = killpg(group, Signal::SIGKILL);
    let _ = pty.child.kill();
    let _ = pty.child.wait();
}

/// Kills the link so many times, 0 to 3 ms after its start: its command must be gone each time.
fn kill_links(times: u64, before: &[&str], shape: &[&str], inside: &[&str]) {
    let mark = unique();
    let words: Vec<&str> = user().split_whitespace().chain(before.iter().chain(shape).chain(inside).copied()).collect();
    for round in 0..times {
        let mut command = command(words[0]);
        command.args(&words[1..]).args(["sleep", &mark]).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::null()).spawn().expect("a process");
        sleep(Duration::from_micros(round * 3_000 / times));
        let _ = child.kill();
        let _ = child.wait();
    }
    nothing_left(&mark);
}

fn killed_at_any_moment() {
    kill_links(400, &[], &["unshare-pid", "--"], &[]);
    kill_links(100, &[], &["unshare-pid", "--", "unshare-pid", "--"], &[]);
}

fn killed_with_init() {
    kill_links(300, &[], &["unshare-pid", "--init", "--"], &[]);
}

/// As root by setpriv, which clears the parent-death signal; an ordinary user has no other identity to change to, and
/// takes a new user namespace, which changes all the capabilities.
fn killed_when_the_command_changed_its_credentials() {
    let change: &[&str] = if is_root() {
        &["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    } else {
        &["unshare-user", "--map-current-user", "--"]
    };
    kill_links(200, &[], &["unshare-pid", "--init", "--"], change);
    // And long after the start.
    let mark = unique();
    let line = format!("exec {}unshare-pid --init -- {} sleep {mark}", user(), change.join(" "));
    let mut child = script(&line).spawn().expect("a process");
    eventually("it runs", || fs::read_dir("/proc").is_ok() && runs_as_sleep(&mark));
    let _ = child.kill();
    let _ = child.wait();
    nothing_left(&mark);
}

/// To execute a program of another user's that is set-user-ID clears the parent-death signal.
fn killed_with_a_setuid_program() {
    need("setpriv");
    let folder = Folder::new();
    let program = folder.join("sleep");
    let mark = unique();
    let user = if is_root() { "" } else { "unshare-user --map-auto --" };
    let ready = format!("cp /bin/sleep {0} && chown 1 {0} && chmod 4755 {0} && chmod 755 {folder}", program.display());
    assert_eq!(sh(&format!("{user} sh -c '{ready}'")).ok(), "");
    let line = format!(
        "exec {user} unshare-pid --init -- setpriv --reuid 2 --clear-groups --inh-caps -all --ambient-caps -all {} {mark}",
        program.display()
    );
    let mut child = script(&line).spawn().expect("a process");
    // The effective user is another than the real one: it was executed so.
    let is_setuid = |status: String| {
        let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
        let ids: Vec<_> = ids.split_whitespace().collect();
        ids.len() == 4 && ids[0] != ids[1]
    };
    eventually("a set-user-ID program runs", || {
        with_name("sleep", &mark)
            .is_some_and(|pid| fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(is_setuid))
    });
    let _ = child.kill();
    let _ = child.wait();
    nothing_left(&mark);
}

fn runs_as_sleep(mark: &str) -> bool {
    let line = format!("sleep\0{mark}\0");
    let numbers = fs::read_dir("/proc").expect("/proc").flatten();
    numbers.into_iter().any(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(|text| text == line.as_bytes()))
}

fn fork_refused() {
    need("strace");
    for (shape, forks) in [(SHAPES[0], 1), (SHAPES[1], 2)] {
        for refused in 1..=forks {
            let mark = unique();
            // By its path: what stands before it in the chain may fork as well.
            let tool = tools().join("unshare-pid");
            let shape = shape.replace("unshare-pid", tool.to_str().expect("a path"));
            let options = format!("-e trace=clone,fork -e inject=clone,fork:error=EAGAIN:when={refused}");
            let line = format!("{}strace -qq -o /dev/null {options} {shape} -- sleep {mark}", user());
            let seen = sh(&line);
            assert!(seen.refused().starts_with("unshare-pid: fork(): EAGAIN"), "{refused}: {seen:?}");
            nothing_left(&mark);
        }
    }
}

/// From too few descriptors to enough: refused by name, or run, and nothing between.
fn descriptors_refused() {
    for shape in SHAPES {
        let (mut refusals, mut limited_by_loader) = (0, false);
        for limit in 3..12 {
            let mark = unique();
            let seen = sh(&format!("{}sh -c 'ulimit -n {limit}; exec {shape} -- sh -c \"exit 0\" {mark}'", user()));
            if seen.err.contains("shared libraries") {
                // Not built static: the loader comes before us.
                limited_by_loader = true;
            } else if seen.code() == 125 {
                refusals += 1;
                assert!(seen.refused().contains("EMFILE"), "{limit}: {seen:?}");
            } else {
                assert_eq!((seen.code(), seen.err.as_str()), (0, ""), "{limit}: {seen:?}");
            }
            nothing_left(&mark);
        }
        assert!(refusals > 0 || limited_by_loader, "{shape}: three descriptors were enough?");
    }
}

/// A closed standard error is filled also where a filter refuses memfd_create(2): no message goes to a line of our own.
fn filling_refused() {
    need("strace");
    let folder = Folder::new();
    let options = format!("-o {folder}/trace -e trace=memfd_create,socketpair -e inject=memfd_create:error=EACCES");
    sh(&format!("{}strace -qq {options} unshare-pid -- true 2>&-", user())).ok();
    let trace = fs::read_to_string(folder.join("trace")).expect("a trace");
    assert!(trace.contains("EACCES") && trace.contains("socketpair(") && !trace.contains("[2, "), "{trace}");
}
