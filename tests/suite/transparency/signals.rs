//! Signals that are sent to the waiting link: the command gets them, and they have their effect.

use super::ends::{end, send};
use super::exceptions::{EXITS, SHIELD, STOP_ALONE, TWICE};
use super::links::Kind::{First, Init, Nested, Waits};
use super::scenes;
use super::stage::{Scene, Stage, state};
use crate::support::{Folder, is_root, need, sh, user, wait};
use nix::libc;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

scenes! {
    each_signal_to_a_handler: Scene::code(one_by_one).needs("python3"),
    twenty_signals_at_once: Scene::code(twenty_at_once).needs("python3"),
    twenty_of_a_real_time_signal: Scene::code(twenty_of_one).needs("python3"),
    a_signal_to_the_group: Scene::code(to_the_group).needs("python3")
        .except(First, &TWICE, "10 10").except(Init, &TWICE, "10 10").except(Nested, &TWICE, "10 10")
        .except(Waits, &TWICE, "10 10"),
    a_signal_that_is_waited_for: Scene::code(waited_for).needs("python3"),
    a_signal_that_is_blocked_for_a_while: Scene::code(blocked_for_a_while).needs("python3")
        .except(Nested, &EXITS, "unblocks exit 138"),
    a_signal_that_is_read_and_unblocked: Scene::script(
        "$L python3 -c 'import ctypes, os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, [15])
fd = ctypes.CDLL(None).signalfd(-1, (ctypes.c_uint64 * 16)(1 << 14), 0)
open(\"begun\", \"w\")
os.read(fd, 128)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [15])
time.sleep(.3)
print(\"clean\")' & until test -e begun; do sleep .02; done; kill $!; wait $!; echo $?",
    ).needs("python3"),
    a_signal_that_is_not_read: Scene::script(
        "$L python3 -c 'import ctypes, os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, [15])
fd = ctypes.CDLL(None).signalfd(-1, (ctypes.c_uint64 * 16)(1 << 14), 0)
open(\"begun\", \"w\")
while 15 not in signal.sigpending(): time.sleep(.02)
os.close(fd)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [15])
time.sleep(9)
print(\"too late\")' & until test -e begun; do sleep .02; done; kill $!; wait $!; echo $?",
    ).needs("python3").except(Nested, &EXITS, "143"),
    stop_signals_and_continue: Scene::code(stop_and_continue),
    stop_signal_leaves_its_group_alone: Scene::script(
        "$L sh -c 'echo >begun; exec sleep 20' & link=$!; sleep 30 & other=$!; until test -e begun; do sleep .02; done
         kill -TSTP $link; until test $(cut -d' ' -f3 /proc/$link/stat) = T; do sleep .02; done
         grep -c '^State:.T' /proc/$other/status; kill -CONT $link; kill $link $other; wait $link; echo $?",
    ),
    continued_before_it_stopped: Scene::code(continued_at_once),
    stopped_again_at_once: Scene::code(stopped_again).needs("python3"),
    stops_itself_again_and_again: Scene::script(
        "python3 -c 'import os, signal, sys
pid = os.fork()
if not pid:
    os.setpgid(0, 0)
    os.execvp(sys.argv[1], sys.argv[1:])
stops = 0
while os.WIFSTOPPED(status := os.waitpid(pid, os.WUNTRACED)[1]):
    stops += 1
    os.killpg(pid, signal.SIGCONT)
print(stops, os.WEXITSTATUS(status))' $L perl -e 'kill STOP, $$ for 1 .. 20; exit 7'",
    ).needs("python3").except(First, &SHIELD, "0 7").except(Nested, &SHIELD, "0 7"),
    a_sigchld_while_stopped: Scene::code(child_signal_while_stopped).needs("python3"),
    sigstop_to_the_link: Scene::code(sigstop)
        .except(First, &STOP_ALONE, "command: running").except(Init, &STOP_ALONE, "command: running")
        .except(Nested, &STOP_ALONE, "command: running").except(Waits, &STOP_ALONE, "command: running"),
    killed_by_sigkill_while_stopped: Scene::code(killed_while_stopped),
    ; without_proc, blocked_again_and_again, a_value_with_a_signal, dropped_or_handled
}

/// What sigqueue(3) sends along arrives: strace shows it.
fn a_value_with_a_signal() {
    need("strace");
    for shape in ["", "--init"] {
        let folder = Folder::new();
        let command = format!("trap \"exit 7\" USR1; echo >{folder}/ready; while :; do sleep 0.05; done");
        let seen = sh(&format!(
            "strace -f -qq -e trace=none -o {folder}/trace sh -c 'echo $$ >{folder}/pid
               exec {}unshare-pid {shape} -- sh -c \"$0\"' '{command}' & tracer=$!
             until test -e {folder}/ready; do sleep 0.02; done
             /bin/kill -USR1 -q 42 $(cat {folder}/pid); wait $tracer; echo $?
             grep -c 'SIGUSR1.*SI_QUEUE.*si_int=42' {folder}/trace",
            user()
        ));
        assert_eq!(seen.ok(), "7\n1", "{shape}: {seen:#?}");
    }
}

/// Why a handler that takes itself away is seen too late: afterwards nothing tells whether the kernel dropped a signal, as
/// it does for a PID 1 that has no handler, or gave it to one.
fn dropped_or_handled() {
    let folder = Folder::new();
    let handler = "sigaction(SIGHUP, POSIX::SigAction->new(sub { $n = 1 }, POSIX::SigSet->new, SA_RESETHAND));";
    let after = |handler: &str| {
        let code = format!(
            "use POSIX; {handler} open F, q(>begun); close F; select undef, undef, undef, .2 until -e q(tell); print 0 + $n"
        );
        let seen = sh(&format!(
            "cd {folder}; rm -f begun tell; {}unshare-pid --pid-file pid -- perl -e '{code}' >said &
             until test -e begun; do sleep .02; done; kill -HUP $(cat pid); sleep .1
             grep -E '^(Sig[PBIC]|Shd)' /proc/$(cat pid)/status; echo >tell; wait $!; cat said >&2",
            user()
        ));
        assert_eq!(seen.status.code(), Some(0), "{seen:?}");
        (seen.out, seen.err)
    };
    let (dropped, handled) = (after(""), after(handler));
    assert_eq!((dropped.1.as_str(), handled.1.as_str()), ("0", "1"));
    assert_eq!(dropped.0, handled.0);
    assert!(dropped.0.contains("SigCgt"), "{}", dropped.0);
}

/// Where there is no `/proc` to look at what PID 1 does with a signal. In a user namespace the kernel shows none either:
/// there `--init` is the way.
fn without_proc() {
    let shapes: &[&str] = if is_root() { &["", "--init"] } else { &["--init"] };
    for shape in shapes {
        let line = format!("{}unshare-mnt --tmpfs /proc -- unshare-pid {shape} --", user());
        let seen = sh(&format!("timeout 1 {line} sleep 25; echo $?"));
        assert_eq!(seen.ok(), "124", "{shape}");
        assert!(seen.took < Duration::from_secs(20), "{shape}: {:?}", seen.took);
        // And a handler is left to run.
        let handles = "trap \"exit 7\" TERM; while :; do sleep 0.1; done";
        let seen = sh(&format!("timeout --preserve-status 1 {line} sh -c '{handles}'; echo $?"));
        assert_eq!(seen.ok(), "7", "{shape}");
    }
}

/// As PID 1, a shell that blocks all signals around each fork: one that comes meanwhile is not lost.
fn blocked_again_and_again() {
    let code = "use POSIX; my $all = POSIX::SigSet->new; $all->fillset; my $none = POSIX::SigSet->new; $| = 1; print 1;
        while (1) { sigprocmask(SIG_SETMASK, $all); select undef, undef, undef, .004;
        sigprocmask(SIG_SETMASK, $none); select undef, undef, undef, .001 }";
    let line = format!(
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do timeout .2 {}unshare-pid -- perl -e '{code}'; done",
        user()
    );
    let seen = sh(&line);
    assert!(seen.took < Duration::from_secs(25), "{seen:?}");
}

/// Writes each signal's number when it gets it; ends when asked to by SIGTERM twice in a row.
const WITNESS: &str = "
import os, signal
def say(signal, frame): pass
for s in range(1, 65):
    if s not in (9, 17, 18, 19, 20, 21, 22, 32, 33): signal.signal(s, say)
read, write = os.pipe()
os.set_blocking(write, False)
signal.set_wakeup_fd(write, warn_on_full_buffer=False)
print('begun', flush=True)
last = 0
while True:
    for got in os.read(read, 1000):
        print(got, flush=True)
        if got == last == 15: os._exit(3)
        last = got
";

/// A running command and what it says.
struct Talk {
    child: Child,
    lines: Receiver<String>,
    /// How long a line may take. After one that did not come, nobody waits long for the others.
    patience: Cell<Duration>,
}

impl Talk {
    fn begin(stage: &Stage, words: &[&str]) -> Self {
        let mut child = stage.spawn(words);
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (said, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        let talk = Talk { child, lines, patience: Cell::new(stage.limit.min(Duration::from_secs(8))) };
        // A loaded machine may take its time to start an interpreter.
        let _ = talk.lines.recv_timeout(stage.limit.min(Duration::from_secs(25)));
        talk
    }

    fn line(&self) -> String {
        match self.lines.recv_timeout(self.patience.get()) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => {
                self.patience.set(Duration::from_millis(50));
                "silence".to_owned()
            }
            Err(RecvTimeoutError::Disconnected) => "end".to_owned(),
        }
    }

    fn send(&self, signal: i32) {
        send(self.child.id(), signal);
    }

    /// Ends the witness, and gives what it said until then, sorted, and how it ended.
    fn end(mut self) -> String {
        let mut seen = Vec::new();
        self.send(libc::SIGTERM);
        loop {
            let line = self.line();
            match line.as_str() {
                "end" | "silence" => break,
                // One more, when this one was taken.
                "15" => self.send(libc::SIGTERM),
                _ => seen.push(line),
            }
        }
        seen.sort();
        let end = wait(&mut self.child, Duration::from_secs(8)).map_or("HANGS".to_owned(), end);
        format!("{} {end}\n", seen.join(" "))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SENT: [i32; 20] = [1, 2, 3, 5, 10, 12, 13, 14, 16, 23, 24, 25, 28, 29, 34, 35, 37, 40, 50, 64];

fn one_by_one(stage: &Stage) -> String {
    let talk = Talk::begin(stage, &["python3", "-c", WITNESS]);
    let mut seen = String::new();
    for signal in SENT {
        talk.send(signal);
        seen.push_str(&talk.line());
        seen.push(' ');
    }
    seen + &talk.end()
}

fn twenty_at_once(stage: &Stage) -> String {
    let talk = Talk::begin(stage, &["python3", "-c", WITNESS]);
    for signal in SENT {
        talk.send(signal);
    }
    // Their order may differ: signals that are pending together are taken by their numbers.
    let mut seen: Vec<String> = SENT.iter().map(|_| talk.line()).collect();
    seen.sort();
    format!("{} {}", seen.join(" "), talk.end())
}

fn twenty_of_one(stage: &Stage) -> String {
    let talk = Talk::begin(stage, &["python3", "-c", WITNESS]);
    for _ in 0..20 {
        talk.send(libc::SIGRTMIN() + 3);
    }
    let seen: Vec<String> = (0..20).map(|_| talk.line()).collect();
    format!("{} {}", seen.join(" "), talk.end())
}

fn to_the_group(stage: &Stage) -> String {
    let talk = Talk::begin(stage, &["python3", "-c", WITNESS]);
    let _ = killpg(Pid::from_raw(talk.child.id() as i32), Signal::SIGUSR1);
    // Where it comes twice, the second one comes at once.
    sleep(Duration::from_millis(100));
    talk.end()
}

fn waited_for(stage: &Stage) -> String {
    let code = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [15, 37])\nprint('begun', flush=True)
for i in range(2): print(signal.sigwait([15, 37]), flush=True)";
    let mut talk = Talk::begin(stage, &["python3", "-c", code]);
    let mut seen = String::new();
    for signal in [15, 37] {
        talk.send(signal);
        seen.push_str(&talk.line());
        seen.push(' ');
    }
    let end = wait(&mut talk.child, Duration::from_secs(8)).map_or("HANGS".to_owned(), end);
    format!("{seen}{end}\n")
}

fn blocked_for_a_while(stage: &Stage) -> String {
    let code = "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, [10])\nprint('begun', flush=True)
time.sleep(.4)\nprint('unblocks', flush=True)\nsignal.pthread_sigmask(signal.SIG_UNBLOCK, [10])\ntime.sleep(8)";
    let mut talk = Talk::begin(stage, &["python3", "-c", code]);
    talk.send(10);
    let line = talk.line();
    let end = wait(&mut talk.child, Duration::from_secs(4)).map_or("HANGS".to_owned(), end);
    format!("{line} {end}\n")
}

const NO_CHANGE: &str = "NO CHANGE";

/// The next stop or continue of a child, or its end.
fn change(pid: Pid) -> String {
    let end = Instant::now() + Duration::from_secs(8);
    while Instant::now() < end {
        match waitpid(pid, Some(WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED | WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => sleep(Duration::from_millis(2)),
            Ok(WaitStatus::Stopped(_, signal)) => return format!("stopped by {signal}"),
            Ok(WaitStatus::Continued(_)) => return "continued".to_owned(),
            Ok(WaitStatus::Exited(_, status)) => return format!("exit {status}"),
            Ok(WaitStatus::Signaled(_, signal, _)) => return format!("killed by {signal}"),
            other => return format!("{other:?}"),
        }
    }
    NO_CHANGE.to_owned()
}

fn stop_and_continue(stage: &Stage) -> String {
    let talk = Talk::begin(stage, &["sh", "-c", "echo begun; while :; do sleep .02; echo alive; done"]);
    let pid = Pid::from_raw(talk.child.id() as i32);
    let mut seen = String::new();
    for signal in [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU] {
        talk.send(signal);
        seen.push_str(&change(pid));
        if seen.ends_with(NO_CHANGE) {
            break;
        }
        talk.send(libc::SIGCONT);
        seen.push_str(&format!(", {}, {}\n", change(pid), talk.line()));
    }
    seen
}

/// A stop and a continue so close that the one is still under way when the other comes.
fn continued_at_once(stage: &Stage) -> String {
    let talk = Talk::begin(stage, &["sh", "-c", "echo begun; while :; do sleep .01; echo alive; done"]);
    for _ in 0..20 {
        talk.send(libc::SIGTSTP);
        talk.send(libc::SIGCONT);
        sleep(Duration::from_millis(1));
    }
    // Runs, in the end: lines keep coming, more than the pipe could have held back.
    for _ in 0..40 {
        if talk.line() != "alive" {
            return "silent\n".to_owned();
        }
    }
    let state = state(talk.child.id() as i32).unwrap_or_default();
    format!("alive, {}\n", if state == "T" { "stopped" } else { "running" })
}

/// The group is stopped and continued, again and again, and at last stopped: whatever came before, it stands still.
fn stopped_again(stage: &Stage) -> String {
    let mut seen = String::new();
    for _ in 0..8 {
        let code = "import signal\nprint('begun', flush=True)\nwhile True: signal.pause()";
        let talk = Talk::begin(stage, &["python3", "-c", code]);
        let group = Pid::from_raw(talk.child.id() as i32);
        for round in 0..30 {
            let _ = killpg(group, Signal::SIGCONT);
            let _ = killpg(group, Signal::SIGTSTP);
            // At times it comes so far as to stop, at times not.
            if round % 2 == 0 {
                sleep(Duration::from_micros(round * 617 % 2000));
            }
        }
        let stands = || state(group.as_raw()).as_deref() == Some("T");
        let end = Instant::now() + Duration::from_secs(8);
        while !stands() && Instant::now() < end {
            sleep(Duration::from_millis(5));
        }
        if !stands() {
            return seen + "running\n";
        }
        seen.push_str("stopped\n");
    }
    seen
}

/// A SIGCHLD that is no child's, but somebody's who sends it to a link that stands still.
fn child_signal_while_stopped(stage: &Stage) -> String {
    // Written as it is: the handler may come while the first line is still being printed.
    let code = "import os, signal\nsignal.signal(17, lambda *_: os.write(1, b'child\\n'))\nos.write(1, b'begun\\n')
while True: signal.pause()";
    let talk = Talk::begin(stage, &["python3", "-c", code]);
    talk.send(libc::SIGTSTP);
    let stopped = change(Pid::from_raw(talk.child.id() as i32));
    talk.send(libc::SIGCHLD);
    talk.send(libc::SIGCONT);
    format!("{stopped}, {}\n", talk.line())
}

fn sigstop(stage: &Stage) -> String {
    let talk = Talk::begin(stage, &["sh", "-c", "echo begun; exec sleep 20"]);
    // Executed: the link is gone, or waits.
    stage.until(|| stage.processes().iter().any(|(_, name)| name == "sleep"));
    talk.send(libc::SIGSTOP);
    let seen = change(Pid::from_raw(talk.child.id() as i32));
    let find = || stage.processes().into_iter().find(|(_, name)| name == "sleep").map(|(pid, _)| pid);
    let stands = find().and_then(state).as_deref() == Some("T");
    format!("{seen}, command: {}\n", if stands { "stopped" } else { "running" })
}

fn killed_while_stopped(stage: &Stage) -> String {
    let talk = Talk::begin(stage, &["sh", "-c", "echo begun; exec sleep 20"]);
    let pid = Pid::from_raw(talk.child.id() as i32);
    talk.send(libc::SIGTSTP);
    let stopped = change(pid);
    talk.send(libc::SIGKILL);
    format!("{stopped}, {}\n", change(pid))
}
