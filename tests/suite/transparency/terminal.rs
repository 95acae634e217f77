//! A person at a terminal: keys, job control, shells inside shells. The shell of each scene is an interactive bash with
//! the prompt `P> `; one inside has `Q>`.

use super::exceptions::{EXITS, NO_LEADER, SHIELD};
use super::links::Kind::{First, Nested};
use super::scenes;
use super::stage::Scene;
use super::stage::Step::{Away, Keys, Line, Resize, See, Stopped};

/// Says that it has begun, in a way that what was typed does not; then sleeps. No shell: that would handle SIGINT.
macro_rules! sleeper {
    () => {
        "perl -e 'print STDERR qq(begun\\n); sleep 60'"
    };
}

/// The shell knows of the stop before its prompt, however long that takes.
macro_rules! until_a_job_stops {
    () => {
        "while ! jobs -s | grep -q .; do sleep .1; done"
    };
}

macro_rules! inner_bash {
    () => {
        "env PS1=$Q bash --norc --noprofile --noediting -i"
    };
}

/// The same between a script's double quotes.
macro_rules! inner_bash_quoted {
    () => {
        "env PS1='$Q' bash --norc --noprofile --noediting -i"
    };
}

const SLEEPER: &str = concat!("$L ", sleeper!(), "\n");
/// All three have begun when its word is seen. The readers see the end of their input when the key has ended the writer.
const PIPED: &str = "perl -e '$|=1; print qq(begun\\n); sleep 60' | $L cat | $L cat\n";
/// Both have begun when the word is seen. In the background the reader of the terminal stops the whole job, at once when it
/// is continued.
const BESIDE_A_READER: &str =
    "perl -e '$|=1; print qq(begun\\n); <STDIN>' | $L perl -e 'print STDERR scalar <STDIN>; sleep 60'\n";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_Z: &str = "\x1a";
const CTRL_BACKSLASH: &str = "\x1c";

scenes! {
    ctrl_c: Scene::keys(&[
        Keys(SLEEPER), See("begun\r\n"), Keys(CTRL_C), See("P> "), Line("echo s=$?"),
    ]).except(Nested, &EXITS, "s=130"),
    ctrl_c_in_a_script: Scene::keys(&[
        Keys("sh -c \"$L perl -e 'print STDERR qq(begun\\n); sleep 60'; echo after\"\n"), See("begun\r\n"), Keys(CTRL_C),
        See("P> "), Line("echo s=$?"),
    ]).except(Nested, &EXITS, "s=130"),
    ctrl_backslash: Scene::keys(&[
        Line("ulimit -c 0"), Keys(SLEEPER), See("begun\r\n"), Keys(CTRL_BACKSLASH), See("P> "), Line("echo s=$?"),
    ]).except(Nested, &EXITS, "s=131"),
    ctrl_z_bg_fg: Scene::keys(&[
        Keys(SLEEPER), See("begun\r\n"), Keys(CTRL_Z), See("P> "), Line("echo s=$?"), Line("jobs"), Line("bg"),
        Line("jobs"), Keys("fg\n"), Away, Keys(CTRL_Z), See("P> "), Line("jobs"), Keys("fg\n"), Away, Keys(CTRL_C),
        See("P> "), Line("echo s=$?"),
    ]).except(Nested, &EXITS, "s=130"),
    ctrl_z_of_a_busy_command: Scene::keys(&[
        Keys("$L perl -e 'print STDERR qq(begun\\n); 1 while 1'\n"), See("begun\r\n"), Keys(CTRL_Z), See("P> "), Stopped,
        Line("jobs"), Keys("fg\n"), Away, Keys(CTRL_C), See("P> "), Line("echo s=$?"),
    ]).except(Nested, &EXITS, "s=130"),
    ctrl_z_in_a_pipeline: Scene::keys(&[
        Keys("$L perl -e 'print STDERR qq(begun\\n); sleep 60' | cat\n"), See("begun\r\n"), Keys(CTRL_Z), See("P> "), Stopped,
        Line("jobs"), Keys("fg\n"), Away, Keys(CTRL_C), See("P> "), Line("echo s=${PIPESTATUS[@]}"),
    ]).except(Nested, &EXITS, "s=130"),
    ctrl_c_in_a_pipeline: Scene::keys(&[
        Keys(PIPED), See("begun\r\n"), Keys(CTRL_C), See("P> "), Line("echo s=${PIPESTATUS[@]}"),
        Keys(PIPED), See("begun\r\n"), Keys(CTRL_C), See("P> "), Line("echo s=${PIPESTATUS[@]}"),
        Keys(PIPED), See("begun\r\n"), Keys(CTRL_C), See("P> "), Line("echo s=${PIPESTATUS[@]}"),
        Keys(PIPED), See("begun\r\n"), Keys(CTRL_C), See("P> "), Line("echo s=${PIPESTATUS[@]}"),
        Keys(PIPED), See("begun\r\n"), Keys(CTRL_C), See("P> "), Line("echo s=${PIPESTATUS[@]}"),
    ]),
    // More than once: the moments differ.
    reader_beside_continued: Scene::keys(&[
        Keys(BESIDE_A_READER), See("begun\r\n"), Keys(CTRL_Z), See("P> "), Stopped, Line("bg"), Line(until_a_job_stops!()), Keys("fg\n"), Away,
        Keys(CTRL_C), See("P> "), Line("echo s=$?"),
        Keys(BESIDE_A_READER), See("begun\r\n"), Keys(CTRL_Z), See("P> "), Stopped, Line("bg"), Line(until_a_job_stops!()), Keys("fg\n"), Away,
        Keys(CTRL_C), See("P> "), Line("echo s=$?"),
        Keys(BESIDE_A_READER), See("begun\r\n"), Keys(CTRL_Z), See("P> "), Stopped, Line("bg"), Line(until_a_job_stops!()), Keys("fg\n"), Away,
        Keys(CTRL_C), See("P> "), Line("echo s=$?"),
        Keys(BESIDE_A_READER), See("begun\r\n"), Keys(CTRL_Z), See("P> "), Stopped, Line("bg"), Line(until_a_job_stops!()), Keys("fg\n"), Away,
        Keys(CTRL_C), See("P> "), Line("echo s=$?"),
    ]).without_notices(),
    kill_a_job: Scene::keys(&[
        Line("$L perl -e 'open F, q(>begun); sleep 60' & while ! test -e begun; do sleep .05; done"),
        Line("kill %1; wait %1; echo s=$?"), Line("echo"), Line("jobs"),
    ]).except(Nested, &EXITS, "Exit 143"),
    background_reader: Scene::keys(&[
        Line(concat!("$L cat & ", until_a_job_stops!())), Stopped, Line("jobs -l"), Keys("fg\n"), Away, Keys("hello\n"), See("hello\r\nhello\r\n"),
        Keys(CTRL_D), See("P> "), Line("echo s=$?"),
    ]),
    background_reader_continued: Scene::keys(&[
        Line("$L cat &"), Stopped, Line(until_a_job_stops!()), Line("bg"), Stopped, Line(until_a_job_stops!()), Line("bg %1"), Stopped,
        Line("kill %1; while jobs | grep -q cat; do sleep .05; done; echo ended"), Line("jobs"),
    ]).without_notices(),
    background_writer: Scene::keys(&[
        Line("stty tostop"), Line(concat!("$L sh -c 'echo hi; echo ho' & ", until_a_job_stops!())), Stopped, Line("jobs -l"), Keys("fg\n"),
        See("ho\r\n"), See("P> "), Line("echo s=$?"),
    ]),
    stops_itself: Scene::keys(&[
        Keys("$L bash -c 'kill -STOP $$; echo ba\"\"ck'\n"), See("P> "), Line("echo s=$?"), Line("jobs -l"),
        Line("fg"), Line("echo s=$?"),
    ]).except(First, &SHIELD, "back\nP> echo s=$?\ns=0").except(Nested, &SHIELD, "back\nP> echo s=$?\ns=0"),
    stops_its_group: Scene::keys(&[
        Keys("$L bash -c 'kill -TSTP 0; sleep .3; echo ba\"\"ck'\n"), See("P> "), Line("echo s=$?"), Line("jobs -l"),
        Line("fg"), Line("echo s=$?"),
    ]),
    leader_of_its_own_and_ctrl_c: Scene::keys(&[
        Keys("$L perl -e 'setpgrp; print STDERR qq(begun\\n); sleep 4'\n"), See("begun\r\n"), Keys(CTRL_C), See("P> "),
        Line("echo s=$?"),
    ]).either_end_of_ctrl_c().except(Nested, &NO_LEADER, "s=0"),
    timeout_inside_and_ctrl_c: Scene::keys(&[
        Keys(concat!("$L timeout 4 ", sleeper!(), "\n")), See("begun\r\n"), Keys(CTRL_C), See("P> "),
        Line("echo s=$?"),
    ]).either_end_of_ctrl_c().except(Nested, &NO_LEADER, "s=124"),
    shell_in_a_shell: Scene::keys(&[
        Keys(concat!("$L ", inner_bash!(), "\n")), See("Q>"),
        Keys("cat\n"), Keys("word\n"), See("word\r\nword\r\n"), Keys(CTRL_Z), See("Q>"), Keys("jobs\n"), See("Q>"),
        Keys("fg\n"), See("cat\r\n"), Keys("more\n"), See("more\r\nmore\r\n"), Keys(CTRL_D), See("Q>"),
        Keys("sh -c 'echo in\"\"side; exec sleep 60'\n"), See("inside\r\n"), Keys(CTRL_C), See("Q>"),
        Keys("echo i=$?\n"),
        See("Q>"), Keys("exit 3\n"), See("P> "), Line("echo s=$?"),
    ]),
    shell_that_suspends: Scene::keys(&[
        Keys(concat!("$L ", inner_bash!(), "\n")), See("Q>"), Keys("suspend; exit 4\n"), See("P> "), Line("jobs"),
        Line("fg"), Line("echo s=$?"),
    ]).except(First, &SHIELD, "no such job").except(Nested, &SHIELD, "no such job"),
    script_that_reads_after_a_shell: Scene::keys(&[
        Keys(concat!("sh -c \"$L ", inner_bash_quoted!(), "; read x; echo got=\\$x\"\n")), See("Q>"), Keys("exit 3\n"),
        See("exit\r\n"), Keys("line\n"), See("got=line\r\n"), See("P> "), Line("echo s=$?"),
    ]),
    script_inside_that_reads_after_a_shell: Scene::keys(&[
        Keys(concat!("$L sh -c \"", inner_bash_quoted!(), "; read x; echo got=\\$x\"\n")), See("Q>"), Keys("exit 3\n"),
        See("exit\r\n"), Keys("line\n"), See("got=line\r\n"), See("P> "), Line("echo s=$?"),
    ]),
    window_resized: Scene::keys(&[
        Keys("$L bash -c 'trap \"stty size; exit 7\" WINCH; echo be\"\"gun; while :; do sleep .05; done'\n"),
        See("begun\r\n"), Resize(30, 100), See("30 100\r\n"), See("P> "), Line("echo s=$?"),
    ]),
    modes_of_the_terminal: Scene::keys(&[
        Line("$L stty -ixon"), Line("$L stty -a | grep -o '[-]*ixon'"), Line("$L stty size"), Line("stty ixon"),
    ]),
    script: Scene::keys(&[
        Line("script -qec \"$L sh -c 'tty | grep -c pts; exit 5'\" /dev/null"), Line("echo s=$?"),
    ]).needs("script"),
    tmux: Scene::script(
        "tmux -L $SCENE -f /dev/null new-session -d \"$L sh -c 'tty | grep -c pts >it; stty size >>it; mv it seen'\"
         for i in {1..100}; do test -e seen && break; sleep .05; done; cat seen",
    ).needs("tmux"),
}
