//! What the command leaves running, and what becomes of a command that is left alone.

use super::exceptions::ENDS_WITH_IT;
use super::links::Kind::{First, Init, Nested, Waits};
use super::scenes;
use super::stage::Step::Line;
use super::stage::{Scene, Stage};
use crate::support::pty::Pty;
use std::fs;

// The daemons hold the pipe, whose end comes when they are over or were killed, however busy the machine is.
scenes! {
    a_daemon: Scene::script(
        "$L sh -c 'setsid sh -c \"sleep 1.5; echo late >log\" >/dev/null 2>&1 & echo done' 7>&1 | cat; ls log",
    )
    .except(First, &ENDS_WITH_IT, "cannot access").except(Init, &ENDS_WITH_IT, "cannot access")
    .except(Nested, &ENDS_WITH_IT, "cannot access").except(Waits, &ENDS_WITH_IT, "cannot access"),
    a_daemon_that_forks_twice: Scene::script(
        "$L perl -e 'fork and exit 3; use POSIX; setsid; fork and exit; sleep 2; open F, q(>log)' | cat
         echo ${PIPESTATUS[0]}; ls log",
    )
    .except(First, &ENDS_WITH_IT, "cannot access").except(Init, &ENDS_WITH_IT, "cannot access")
    .except(Nested, &ENDS_WITH_IT, "cannot access").except(Waits, &ENDS_WITH_IT, "cannot access"),
    twenty_orphans: Scene::script(
        "$L sh -c 'for i in $(seq 20); do (sh -c \"sleep .2; echo x >>log\" &); done
         until test $(cat log 2>/dev/null | wc -l) = 20; do sleep .05; done; exit 4'; echo $?; wc -l <log",
    ),
    an_orphaned_process_group: Scene::script(
        "setsid -w $L sh -c 'echo $$ >pid; exec sleep .6' & p=$!; while ! test -s pid; do sleep .01; done
         for q in $(pgrep -s $p 2>/dev/null); do kill -TSTP $q 2>/dev/null; done; wait $p; echo $?",
    ),
    an_orphaned_group_that_reads: Scene::keys(&[
        Line("(set -m; $L sh -c 'sleep .4; cat </dev/tty; echo r=$? >log' 2>/dev/null &); until test -s log; do sleep .05; done"), Line("cat log"),
    ]),
    nohup: Scene::script("nohup $L sh -c 'kill -HUP $$; echo alive; grep SigIgn /proc/self/status' 2>/dev/null; echo $?"),
    setsid: Scene::script("setsid -w $L sh -c 'exit 5'; echo $?; $L setsid -w sh -c 'exit 6'; echo $?"),
    the_terminal_hangs_up: Scene::code(hangs_up),
    the_terminal_hangs_up_on_a_handler: Scene::code(hangs_up_on_a_handler),
    ; zombies_are_reaped_by_init
}

/// None where it did not begin.
fn begin(stage: &Stage, script: &str) -> Option<Pty> {
    // A shell around it, as a terminal window has one.
    let mut shell = stage.command_in_session("bash");
    shell.args(["--norc", "--noprofile", "-c", script]);
    let mut pty = Pty::start(shell);
    pty.expect("begun", stage.limit).then_some(pty)
}

fn hangs_up(stage: &Stage) -> String {
    let Some(pty) = begin(stage, "$L sh -c 'echo begun; exec sleep 20'; :") else { return "never begun\n".into() };
    pty.hang_up();
    String::new()
}

fn hangs_up_on_a_handler(stage: &Stage) -> String {
    // The file is there when it is whole.
    let script =
        "$L bash -c 'trap \"echo hup >new; mv new log; exit 3\" HUP; echo begun; while :; do sleep .05; done'; :";
    let Some(pty) = begin(stage, script) else { return "never begun\n".into() };
    pty.hang_up();
    let log = stage.folder.join("log");
    stage.until(|| log.exists());
    fs::read_to_string(log).unwrap_or_else(|_| "no log\n".into())
}

/// Orphans of the command's are children of the init, which has no zombies.
fn zombies_are_reaped_by_init() {
    let script = format!(
        "{}unshare-pid --init --mount-proc -- sh -c 'for i in $(seq 20); do (sleep .1 &); done; \
         for i in $(seq 100); do n=$(ps -e -o stat= -o comm= | grep -c -e ^Z -e sleep); test $n = 0 && break; sleep .1; done; \
         echo $n'",
        crate::support::user()
    );
    let seen = crate::support::sh(&script);
    assert_eq!(seen.out.trim(), "0", "{seen:?}");
}
