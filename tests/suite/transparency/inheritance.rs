//! What the caller hands over reaches the command untouched.

use super::exceptions::EXITS;
use super::links::Kind::Nested;
use super::scenes;
use super::stage::Scene;

scenes! {
    signal_mask: Scene::script("env --block-signal=USR1,RTMIN+3 $L grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status"),
    all_signals_blocked: Scene::script(
        "env --block-signal $L grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; env --block-signal $L sh -c 'exit 4'; echo $?
         env --block-signal timeout -k .2 .3 $L sleep 5; echo $?",
    ),
    sigpipe_ignored: Scene::script("env --ignore-signal=PIPE $L grep SigIgn /proc/self/status
         env --ignore-signal=PIPE $L seq 100000 2>&1 | head -1 >/dev/null; echo ${PIPESTATUS[0]}"),
    sigpipe_default: Scene::script("env --default-signal=PIPE $L grep SigIgn /proc/self/status"),
    signals_pending: Scene::script(
        "p='use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGPIPE, SIGUSR1, SIGTSTP, SIGCHLD));'
         perl -e \"$p\"'kill $_, $$ for SIGPIPE, SIGUSR1, SIGTSTP, SIGCHLD; exec @ARGV' $L grep -E 'ShdPnd|SigBlk' /proc/self/status
         perl -e \"$p\"'fork or exit; wait; exec @ARGV' $L grep -E 'ShdPnd|SigBlk' /proc/self/status
         perl -e \"$p\"'$SIG{CHLD} = q(IGNORE); kill CHLD, $$; exec @ARGV' $L grep -E 'ShdPnd|SigBlk|SigIgn' /proc/self/status
         perl -e \"$p\"'kill PIPE, $$; pipe R, W; open STDERR, q(>&W); close $_ for R, W; exec @ARGV' \\
             env UNSHARE_EXPLAIN=1 $L grep -c 'Pnd.*1000$' /proc/self/status",
    )
    .needs("perl"),
    sigchld_ignored: Scene::script(
        "env --ignore-signal=CHLD $L grep SigIgn /proc/self/status
         env --ignore-signal=CHLD $L sh -c 'sleep .1; exit 3'; echo $?",
    ),
    every_signal_ignored: Scene::script(
        "env --ignore-signal $L grep SigIgn /proc/self/status; env --ignore-signal $L sh -c 'exit 3'; echo $?",
    ),
    descriptors: Scene::script(
        "$L ls /proc/self/fd; $L ls /proc/self/fd 5</dev/null 77>file; echo to 77 | $L sh -c 'cat >&77' 77>file; cat file",
    ),
    descriptors_0_to_2_closed: Scene::script(
        "exec 9>seen
         $L sh -c 'ls /proc/self/fd >&9' <&-; $L sh -c 'ls /proc/self/fd >&9' >&-
         $L sh -c 'ls /proc/self/fd >&9' 2>&-; $L sh -c 'ls /proc/self/fd >&9' <&- >&- 2>&-; cat seen",
    ),
    umask: Scene::script("umask 027; $L sh -c umask; umask 0; $L sh -c umask"),
    limits: Scene::script(
        "ulimit -S -c 0 -n 100 -s 4096 -t 77; ulimit -H -n 200; $L sh -c 'ulimit -Sa; ulimit -Ha'",
    ),
    out_of_memory_score: Scene::script("echo 321 >/proc/$$/oom_score_adj; $L cat /proc/self/oom_score_adj"),
    niceness: Scene::script("nice -n 7 $L nice; nice -n 3 $L sh -c nice"),
    processors: Scene::script("taskset -c 0 $L grep Cpus_allowed_list /proc/self/status"),
    no_new_privileges: Scene::script(
        "setpriv --no-new-privs $L grep NoNewPrivs /proc/self/status; $L grep NoNewPrivs /proc/self/status",
    ),
    environment: Scene::script("env -i \"PATH=$PATH\" $'A=x\\ny' $'B=\\xff' C= $L env -0 | tr '\\0\\n' '\\n~' | sort"),
    working_directory: Scene::script("mkdir 'a b'; cd 'a b'; $L pwd | sed 's,.*/,,'; $L sh -c 'echo >here'; ls"),
    arguments: Scene::script(
        "$L printf '<%s>' a '' -- --init -h 'b c' $'\\xff' $'d\\n'; $L sh -c 'echo \"$0|$*\"' zero -c --
         $L cat /proc/self/cmdline | od -c; $L bash -c 'exec -a name sh -c \"cat /proc/\\$\\$/comm; echo \\$0\"' | tail -1",
    ),
    an_alarm_of_the_caller: Scene::script(
        "perl -e 'alarm 1; exec @ARGV' $L sleep 5; echo $?; perl -e 'alarm 1; exec @ARGV' $L perl -e '$SIG{ALRM}=sub{print 7}; sleep 3'",
    )
    .needs("perl")
    .except(Nested, &EXITS, "142\n7end"),
    background_in_a_script: Scene::script("$L sh -c 'sleep .1; exit 5' & wait $!; echo $?; $L cat /proc/self/stat >it & wait; wc -l <it"),
    standard_input: Scene::script("seq 3 | $L cat; seq 5 | { $L head -c 2; cat; }; $L sh <<<'echo from here; exit 6'; echo $?"),
}
