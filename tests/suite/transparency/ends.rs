//! How a command ends, and what its caller, a pipe or `timeout` sees of it.

use super::exceptions::{CORE_BIT, EXITS, NO_CORE, SHIELD};
use super::links::Kind::{First, Init, Nested, Waits};
use super::scenes;
use super::stage::{Scene, Stage};
use crate::support::wait;
use nix::libc;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

scenes! {
    exit_codes_0_to_255: Scene::script(
        "for i in {0..255}; do $L sh -c \"exit $i\"; [ $? = $i ] || echo \"$i became $?\"; done",
    ).starts_many(),
    death_by_each_signal_from_inside: Scene::script(
        "exec 2>/dev/null; ulimit -c 0
         for i in {1..16} {24..27} 29 30 31 {34..64}; do $L sh -c 'kill -'$i' $$; exit 99'; echo $i $?; done",
    )
    .starts_many().except(First, &SHIELD, "15 99").except(Nested, &SHIELD, "15 99"),
    death_by_each_signal_from_outside: Scene::code(each_signal).needs("perl").starts_many()
        .except(Nested, &EXITS, "SIGTERM: exit 143"),
    its_own_core_file: Scene::script(
        "ulimit -c unlimited; l=$L; unset L
         $l env -i sh -c 'kill -ABRT $$'; echo $?; cat core* | grep -ac 'unshare-pid'; ls core* | wc -l; rm -f core*",
    )
    .except(First, &SHIELD, "0\n0\n0\n").except(Nested, &SHIELD, "0\n0\n0\n").except(Init, &CORE_BIT, "134\n0\n1\n")
    .except(Waits, &CORE_BIT, "134\n0\n1\n"),
    no_core_file_at_limit_0: Scene::script("ulimit -c 0; $L sh -c 'kill -ABRT $$'; echo $?; ls")
        .except(First, &SHIELD, "0\nerr").except(Nested, &SHIELD, "0\nerr"),
    terminated_when_its_output_has_ended: Scene::code(too_late).needs("perl"),
    core_file_from_outside: Scene::code(quit_with_core)
        .except(First, &NO_CORE, "core: no").except(Nested, &NO_CORE, "core: no"),
    writer_into_head: Scene::script("$L yes | head -1; echo ${PIPESTATUS[0]}")
        .except(First, &SHIELD, "Broken pipe").except(Nested, &SHIELD, "Broken pipe"),
    timeout: Scene::script("timeout .4 $L sleep 55; echo $?"),
    timeout_with_interrupt: Scene::script("timeout -s INT .4 $L sleep 55; echo $?"),
    timeout_in_the_foreground: Scene::script("timeout --foreground .4 $L sleep 55; echo $?"),
    timeout_with_kill: Scene::script("timeout -k .5 1.5 $L sh -c 'trap : TERM; while :; do sleep .1; done' 2>/dev/null; echo $?"),
    timeout_inside: Scene::script("$L timeout .4 sleep 55; echo $?"),
    xargs: Scene::script("seq 3 | xargs -n1 $L echo; seq 3 | xargs -n1 $L sh -c 'echo $0; exit 255' 2>/dev/null; echo $?"),
    // Not `--halt now`: parallel kills the group of a job that it just started, which may not be there yet.
    parallel: Scene::script(
        "export HOME=$PWD; parallel --will-cite --timeout 1 $L sleep ::: 9 9 2>/dev/null; echo $?",
    )
    .needs("parallel"),
    end_of_the_callers_pipe: Scene::script(
        "mkfifo pipe; $L sh -c 'exec >&-; sleep 1; echo late >log' >pipe & cat pipe; test -e log; echo $?; wait",
    ),
    without_a_terminal: Scene::script("setsid -w $L sh -c 'cat; tty; exit 3' </dev/null; echo $?"),
    standard_error_closed: Scene::script("$L sh -c 'exit 9' 2>&-; echo $?; $L sh -c 'kill -KILL $$; exit 9' 2>/dev/full")
        .except(First, &SHIELD, "Some(9)").except(Nested, &SHIELD, "Some(9)"),
}

/// How a child ended, as a shell's `wait` knows it.
pub fn end(status: std::process::ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("signal {signal}"),
        None => format!("exit {}", status.code().unwrap_or(-1)),
    }
}

fn each_signal(stage: &Stage) -> String {
    let mut all = String::new();
    // 32 and 33 are the C library's own: what starts programs with posix_spawn(3), as make does, leaves them ignored.
    for signal in (1..=64).filter(|signal| !matches!(signal, 17..=23 | 28 | 32 | 33)) {
        let mut child = stage.spawn(&["perl", "-e", "$| = 1; $SIG{FPE} = q(DEFAULT); print qq(begun\n); sleep 20"]);
        let mut begun = [0; 6];
        let _ = child.stdout.take().expect("a pipe").read_exact(&mut begun);
        send(child.id(), signal);
        let end = wait(&mut child, stage.limit.min(Duration::from_secs(15))).map_or("HANGS".to_owned(), end);
        let _ = child.kill();
        let _ = child.wait();
        let name = if signal == libc::SIGTERM { "SIGTERM".to_owned() } else { signal.to_string() };
        all.push_str(&format!("{name}: {end}\n"));
        if end == "HANGS" {
            break;
        }
    }
    all
}

/// Its output has ended since it has exited: what is sent then changes nothing. What it leaves running makes the end last.
fn too_late(stage: &Stage) -> String {
    let code = "for (1..20) { fork or do { close STDOUT; exec q(sleep), 1 } } exit 3";
    let ends = (0..20).map(|_| {
        let mut child = stage.spawn(&["perl", "-e", code]);
        let _ = child.stdout.take().expect("a pipe").read_to_end(&mut Vec::new());
        send(child.id(), libc::SIGTERM);
        let end = wait(&mut child, stage.limit).map_or("HANGS".to_owned(), end);
        let _ = child.kill();
        end + "\n"
    });
    let mut ends: Vec<_> = ends.collect();
    ends.dedup();
    ends.concat()
}

fn quit_with_core(stage: &Stage) -> String {
    let mut child = stage.spawn(&["sh", "-c", "ulimit -c unlimited; echo begun; exec sleep 20"]);
    let mut begun = [0; 6];
    let _ = child.stdout.take().expect("a pipe").read_exact(&mut begun);
    send(child.id(), libc::SIGQUIT);
    let end = wait(&mut child, stage.limit).map_or("HANGS".to_owned(), end);
    let _ = child.kill();
    let files = std::fs::read_dir(stage.folder.path()).expect("a folder").count();
    format!("{end}, core: {}\n", if files == 0 { "no" } else { "yes" })
}

/// Sends a signal by number, real-time ones too.
pub fn send(pid: u32, signal: i32) {
    let _ = common::sys::kill(pid as i32, signal);
}
