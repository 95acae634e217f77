//! `--explain`: what it tells is true of this very run, and nothing else differs with it.

use crate::support::pty::Pty;
use crate::support::{Folder, LIMIT, Seen, TOOLS, cgroups, is_root, script, session_command, sh, user, wait, watch};
use std::fs;
use std::os::unix::process::ExitStatusExt;

crate::tests![
    nothing_else_differs,
    failures_are_the_same,
    nobody_reads_it,
    a_group_is_the_same,
    a_few_lines_a_link,
    the_whole_chain,
    names,
    without_proc,
    process_ids,
    users,
    mounts,
    interfaces,
    clocks,
    groups_and_queues,
    what_stays_shared,
    colour_on_a_terminal_alone,
];

/// What a command can tell of what it was handed.
const LOOK: &str = "cat; id; umask; pwd; ulimit -a; ls /proc/self/fd; grep -E '^(Sig[PBIC]|Shd|Cap|NoNewPrivs)' /proc/self/status; \
                    cut -d' ' -f5 /proc/self/mountinfo | sort; env | grep -v ^UNSHARE_EXPLAIN | sort; echo to stderr >&2; exit 7";

/// Every tool, with options that make it do something.
fn lines(folder: &Folder) -> Vec<String> {
    let mut lines: Vec<String> = TOOLS.iter().map(|tool| format!("{tool} @ --")).collect();
    lines.extend(
        [
            "unshare-user @ --map-current-user --drop-caps --",
            "unshare-user @ --setgid 0 --setuid 0 --",
            "unshare-pid @ --init --mount-proc --",
            "unshare-uts @ --hostname box --domainname net --",
            "unshare-ipc @ --sysctl kernel.shmmax=4096 --",
            "unshare-time @ --boottime 1d --monotonic 5 --",
            "unshare-mnt @ --tmpfs /tmp --ro-bind /usr /tmp/usr --dev /tmp/dev --symlink a /tmp/b --",
            "unshare-mnt @ --ro-bind / / --proc /proc --chdir /usr --",
            "unshare-net @ --no-loopback --sysctl net.ipv4.ip_default_ttl=9 --",
        ]
        .map(str::to_owned),
    );
    lines.push(format!("unshare-pid @ --pid-file {folder}/pid --"));
    lines.push(format!("unshare-mnt @ --dir {folder}/made --"));
    if is_root() {
        lines.push("unshare-user @ --map-users 0:0:1000 --map-groups 0:0:1000 --setuid 5 --groups 6,7 --".to_owned());
        lines.push(format!("unshare-uts @ --keep {folder}/kept --"));
        lines.push(format!("unshare-user @ --keep {folder}/kept --"));
    }
    lines
}

/// What an ordinary user needs in front. (For a user namespace, and for a new /proc that is not in a new PID namespace.)
fn front(line: &str) -> &'static str {
    match line {
        line if line.starts_with("unshare-user") => "",
        line if line.contains("--proc") => "unshare-user -- unshare-pid -- ",
        _ => user(),
    }
}

/// Status, standard output, and what is there afterwards; numbers that differ from run to run are left out.
fn run(folder: &Folder, line: &str, explain: &str, environment: &str) -> (Seen, String) {
    let line = format!("{}{}", front(line), line.replace(" @", explain));
    let seen = sh(&format!("echo input | {environment}{line} sh -c \"{LOOK}\""));
    let after = sh(&format!(
        "cd {folder}; for f in *; do stat -c '%n %F %a' \"$f\"; done; [ ! -e pid ] || wc -w <pid; umount kept 2>/dev/null && echo unmounted; rm -rf made kept pid"
    ));
    (seen, after.out)
}

/// Without the lines of the narration, which all begin with a tool's name. What is not one has to stay.
fn without_narration(err: &str, plain: &str) -> String {
    let mut expected = plain.lines().peekable();
    let mut rest = String::new();
    for line in err.lines() {
        if expected.next_if_eq(&line).is_some() || !(line.starts_with("unshare-") || line.starts_with("limit-cgroup: "))
        {
            rest += &format!("{line}\n");
        }
    }
    rest
}

#[track_caller]
fn same(plain: &(Seen, String), told: &(Seen, String), line: &str) {
    assert_eq!(plain.0.status, told.0.status, "{line}: {plain:#?} {told:#?}");
    assert_eq!(plain.0.out, told.0.out, "{line}");
    assert_eq!(plain.1, told.1, "{line}: what is there afterwards");
    assert_eq!(without_narration(&told.0.err, &plain.0.err), plain.0.err, "{line}");
    assert!(told.0.err.len() > plain.0.err.len(), "{line}: nothing was told: {told:#?}");
}

fn nothing_else_differs() {
    let folder = Folder::new();
    for line in lines(&folder) {
        let plain = run(&folder, &line, "", "");
        assert_eq!(plain.0.code(), 7, "{line}: {plain:#?}");
        assert!(plain.0.out.starts_with("input\n"), "{line}: {plain:#?}");
        assert_eq!(plain.0.err, "to stderr\n", "{line}");
        same(&plain, &run(&folder, &line, " --explain", ""), &line);
        same(&plain, &run(&folder, &line, "", "UNSHARE_EXPLAIN=1 "), &line);
        // Empty or 0, the variable asks for nothing.
        for off in ["UNSHARE_EXPLAIN= ", "UNSHARE_EXPLAIN=0 "] {
            assert_eq!(run(&folder, &line, "", off).0.err, plain.0.err, "{off}{line}");
        }
    }
}

fn failures_are_the_same() {
    let folder = Folder::new();
    fs::write(folder.join("script"), "#!/nonexistent\n").expect("a file");
    sh(&format!("chmod 755 {folder}/script; : >{folder}/full; echo x >{folder}/full")).ok();
    let powerless = if is_root() { "setpriv --bounding-set=-all --inh-caps=-all -- " } else { "" };
    let mut scenes = Vec::new();
    for tool in TOOLS {
        let first = if tool == "unshare-user" { "" } else { user() };
        for command in ["/nonexistent", "/etc/passwd", &format!("{folder}/script")] {
            scenes.push(format!("{first}{tool} @ -- {command}"));
        }
        scenes.push(format!("{first}{tool} @ --keep {folder}/full -- true"));
        scenes.push(format!("{first}{tool} @ --"));
        scenes.push(format!("{first}{tool} @ -- sh -c 'kill -KILL $$; exit 3'"));
        if tool != "unshare-user" {
            scenes.push(format!("{powerless}{tool} @ -- true"));
        }
    }
    scenes.push(format!("{}unshare-mnt @ --dir {folder}/a/b --tmpfs /nonexistent -- true", user()));
    scenes.push(format!("{}unshare-pid @ --pid-file {folder}/pid -- /nonexistent", user()));
    scenes.push(format!("{}unshare-net @ --route default,via=10.1.2.3 -- true", user()));
    scenes.push("unshare-user @ --map-none --setuid 5 -- true".to_owned());
    for scene in scenes {
        let run = |explain: &str| {
            (sh(&scene.replace(" @", explain)), sh(&format!("cd {folder}; find . | sort; cat full")).out)
        };
        let (plain, told) = (run(""), run(" --explain"));
        assert_ne!(plain.0.code(), 0, "{scene}: {plain:#?}");
        assert_eq!((plain.0.status, &plain.0.out, &plain.1), (told.0.status, &told.0.out, &told.1), "{scene}");
        assert_eq!(without_narration(&told.0.err, &plain.0.err), plain.0.err, "{scene}");
    }
}

/// The status is right where nobody can read what is told, and the command gets standard error as it was.
fn nobody_reads_it() {
    for tool in TOOLS {
        let front = if tool == "unshare-user" { "" } else { user() };
        // The sleep: a reader that is gone, not one that is about to go.
        for redirection in ["2>&-", "2>/dev/full", "2>&1 | :"] {
            let fds = "ls -l /proc/self/fd/2 | sed 's/.*-> //; s/[0-9]*//g'; exit 5";
            let run = |explain: &str, out: &str| {
                sh(&format!(
                    "exec 3>&1; {{ sleep 0.05; {front}{tool}{explain} sh -c \"{{ {fds}; }} {out}\"; echo $? >&3; }} {redirection}"
                ))
            };
            let (plain, told) = (run("", ">&3"), run(" --explain", ">&3"));
            assert!(plain.out.ends_with("5\n"), "{tool} {redirection}: {plain:#?}");
            assert_eq!(plain.out, told.out, "{tool} {redirection}");
        }
    }
}

fn a_group_is_the_same() {
    let Some(group) = cgroups::Group::new() else { return };
    let scene = |explain: &str, command: &str| {
        let line = format!("limit-cgroup{explain} --parent {group} --name it --set cgroup.max.depth=5 -- {command}");
        let seen = sh(&format!("echo input | {line}; s=$?; ls -d {group}/*/ 2>/dev/null; exit $s"));
        (seen, group.children().join(" "))
    };
    // It has the caller's mounts, and other tests may be at theirs.
    let look = LOOK.replace("mountinfo |", "mountinfo | grep -v unshare-suite |");
    assert_ne!(look, LOOK);
    for command in [
        &format!("sh -c 'cat {group}/it/cgroup.max.depth; {}'", look.replace('\'', "\"")),
        "/nonexistent",
        "sh -c 'kill -9 $$'",
    ] {
        let plain = scene("", command);
        assert_ne!(plain.0.code(), 0, "{plain:#?}");
        same(&plain, &scene(" --explain", command), command);
    }
    let seen = sh(&format!("limit-cgroup --explain --parent {group} -- true"));
    for line in [
        "next: a control group in ",
        "is in the group; the command will be, and all that it starts",
        "still shared: all that the command sees",
    ] {
        assert!(seen.err.contains(line), "{line}: {seen:#?}");
    }
}

fn told(line: &str) -> Seen {
    let seen = sh(line);
    assert!(seen.status.success(), "{line}: {seen:#?}");
    seen
}

fn a_few_lines_a_link() {
    for tool in TOOLS {
        let first = if tool == "unshare-user" { "" } else { user() };
        let seen = told(&format!("{first}{tool} --explain true"));
        let lines: Vec<&str> = seen.err.lines().collect();
        assert!((4..=10).contains(&lines.len()), "{tool}: {} lines: {seen:#?}", lines.len());
        assert!(lines.iter().all(|line| line.starts_with(&format!("{tool}: "))), "{seen:#?}");
        // What is to come is told before it is done; at the end, what stays as it was.
        assert!(lines[0].starts_with(&format!("{tool}: next: a")), "{seen:#?}");
        assert!(
            lines[1].starts_with(&format!("{tool}: unshare(CLONE_NEW")) && lines[1].contains(") = 0: "),
            "{seen:#?}"
        );
        assert!(lines[lines.len() - 2].starts_with(&format!("{tool}: still shared: ")), "{seen:#?}");
        assert_eq!(lines[lines.len() - 1], format!("{tool}: execvp(\"true\"): this process becomes the command"));
    }
}

fn the_whole_chain() {
    let chain = ["unshare-user", "unshare-pid", "unshare-net", "unshare-uts", "unshare-ipc", "unshare-mnt"];
    let seen = told(&format!("UNSHARE_EXPLAIN=1 {} -- true", chain.join(" -- ")));
    let mut order: Vec<&str> = seen.err.lines().map(|line| line.split(':').next().expect("a name")).collect();
    order.dedup();
    assert_eq!(order, chain, "{seen:#?}");
    assert_eq!(seen.out, "");
    // By the option, one link alone.
    let seen = told("unshare-user -- unshare-uts --explain -- unshare-ipc -- true");
    assert!(seen.err.lines().all(|line| line.starts_with("unshare-uts: ")), "{seen:#?}");
}

#[track_caller]
fn has(seen: &Seen, parts: &[&str]) {
    for part in parts {
        assert!(seen.err.contains(part), "no {part:?}: {seen:#?}");
    }
}

fn names() {
    let old = sh("uname -n").ok().to_owned();
    // A name that would reach a terminal is shown harmlessly.
    let seen = told(&format!("{}unshare-uts --explain --hostname \"$(printf 'b\\033[31mx')\" true", user()));
    has(
        &seen,
        &[
            &format!("so far: host name \"{old}\", NIS domain name \""),
            "sethostname(\"b\\u{1b}[31mx\") = 0: 'uname -n' says so to whoever is in here",
            &format!("outside it goes on saying \"{old}\"\n"),
        ],
    );
    assert!(!seen.err.contains('\u{1b}'), "{seen:#?}");
}

fn without_proc() {
    let seen = sh(&format!(
        "exec {} unshare --mount sh -ec 'mount -t tmpfs none /proc; exec unshare-uts --explain -- echo ran'",
        user()
    ));
    assert_eq!(seen.ok(), "ran");
    has(&seen, &["(uts:[unknown] -> uts:[unknown])"]);
}

fn process_ids() {
    let folder = Folder::new();
    for (options, inside) in [("", 1), ("--init ", 2)] {
        let file = format!("{folder}/pid{inside}");
        let seen = told(&format!("{}unshare-pid --explain {options}--pid-file {file} -- sh -c 'echo $$'", user()));
        let outside = fs::read_to_string(&file).expect("a PID").trim().to_owned();
        assert!(seen.out.starts_with(&format!("{inside}\n")), "{seen:#?}");
        has(
            &seen,
            &[
                &format!("fork() = process {outside}: born inside"),
                &format!("PID {inside} inside, PID {outside} for the caller"),
                "still shared: /proc: it shows the caller's PIDs",
            ],
        );
    }
    let seen = told(&format!("{}unshare-pid --explain --mount-proc -- ls /proc/1/exe", user()));
    has(&seen, &["mount(\"proc\", \"/proc\") = 0: in here it shows the processes in here, by their PIDs in here"]);
    assert!(!seen.err.contains("still shared: /proc"), "{seen:#?}");
}

fn users() {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let seen = told("unshare-user --explain -- sh -c 'id -u; id -g'");
    assert_eq!(seen.out, "0\n0\n");
    has(
        &seen,
        &[
            &format!("so far: user {uid}, group {gid}\n"),
            &format!("write(/proc/self/uid_map, \"0 {uid} 1\") = 0: user 0 in here is user {uid} outside\n"),
            &format!("write(/proc/self/gid_map, \"0 {gid} 1\") = 0: group 0 in here is group {gid} outside\n"),
        ],
    );
    if is_root() {
        let seen = told("unshare-user --explain --map-users 5:100:20 --map-groups 0:0:1 true");
        has(&seen, &["users 5-24 in here are users 100-119 outside\n"]);
        // A long map is told in part.
        let seven: String = (0..7).map(|id| format!(" --map-users {id}:{}:1", 2 * id)).collect();
        let seen = told(&format!("unshare-user --explain {seven} --map-groups 0:0:1 true"));
        has(&seen, &["\"0 0 1, 1 2 1, 2 4 1, 3 6 1, 4 8 1, ... (7 lines)\"", "user 4 outside, and 4 lines more\n"]);
    }
}

fn mounts() {
    let folder = Folder::new();
    sh(&format!("mkdir {folder}/d {folder}/e")).ok();
    let count = "grep -c ^ /proc/self/mountinfo";
    let seen = told(&format!(
        "{count}; {}unshare-mnt --explain --tmpfs {folder}/d --dir {folder}/d/x --dir {folder}/e/x -- {count}",
        user()
    ));
    let counts: Vec<&str> = seen.out.lines().collect();
    has(
        &seen,
        &[
            &format!("so far: {} mounts\n", counts[0]),
            &format!("next: the command, which sees {} mounts\n", counts[1]),
            &format!("move_mount(\"{folder}/d\") = 0: an empty directory in memory"),
            &format!("mkdirat(\"{folder}/d/x\") = 0: made, on a file system that is in here alone\n"),
            &format!(
                "mkdirat(\"{folder}/e/x\") = 0: made, on a file system of the caller's: it is seen outside too, and stays\n"
            ),
        ],
    );
    assert_eq!(counts[0].parse::<u32>().unwrap() + 1, counts[1].parse::<u32>().unwrap(), "{seen:#?}");
    assert!(folder.join("e/x").is_dir() && !folder.join("d/x").exists());
}

fn interfaces() {
    let list = "sed 's/:.*//; s/ //g; 1,2d' /proc/net/dev | paste -sd, | sed 's/,/, /g'";
    let inner = format!(
        "unshare-net --explain --veth host=one,name=two,address=10.1.2.3/24 -- sh -c \"{list}\"; unshare-net --explain --no-loopback -- true"
    );
    let seen = told(&format!("{}unshare-net -- sh -c '{}'", user(), inner.replace('\'', "'\\''")));
    has(
        &seen,
        &[
            "so far: lo\n",
            "RTM_NEWLINK(veth one outside, peer two inside) = 0: a cable with one end outside and one in here",
            "RTM_NEWADDR(10.1.2.3/24 on two inside) = 0: 10.1.2.3 is an address of it",
            &format!("next: the command, which has these interfaces: {}\n", seen.out.trim()),
        ],
    );
    assert_eq!(seen.out, "lo, two\n");
    assert_eq!(seen.err.matches("RTM_SETLINK(lo up inside) = 0").count(), 1, "{seen:#?}");
}

fn clocks() {
    let seen = told(&format!("{}unshare-time --explain --boottime 100d -- true", user()));
    let line = seen.err.lines().find(|line| line.contains("setns(")).expect("a line");
    let days = |text: &str| -> u64 {
        text.split(" d ").next().and_then(|days| days.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
    };
    let (inside, outside) = line.split_once(" in here, ").expect("two clocks");
    let outside = if outside.contains(" d ") { days(outside) } else { 0 };
    assert_eq!(days(inside), outside + 100, "{line}");
    has(&seen, &["so far: an uptime of ", "\"boottime 8640000 0\") = 0: ", "still shared: the date: "]);
}

fn groups_and_queues() {
    let group = cgroups::Group::new();
    let enter = group.as_ref().map_or_else(String::new, |group| format!("echo $$ >{group}/cgroup.procs; "));
    let seen = told(&format!("{enter}{}unshare-cgroup --explain -- true", user()));
    let own = sh(&format!("{enter}sed -n s/^0:://p /proc/self/cgroup"));
    has(&seen, &[&format!("so far: group \"{}\"\n", own.ok()), "still shared: the group, its limits"]);
    // A queue of one's own, in a namespace that nobody else is in.
    let queues = format!(
        "{}unshare-ipc -- sh -c 'ipcmk -Q >&2; unshare-ipc --explain -- sh -c \"ipcs -q | grep -c ^0x || :\"'",
        user()
    );
    let seen = told(&queues);
    has(&seen, &["so far: 1 message queue, 0 semaphore sets, 0 shared memory segments\n", "none of them is in here"]);
    assert_eq!(seen.out, "0\n");
}

/// Each of these is looked at by the command itself: it is as the last line says.
fn what_stays_shared() {
    let shared =
        |line: &str| -> Seen { told(&format!("{}{line}", if line.starts_with("unshare-user") { "" } else { user() })) };
    // The old devices in /sys, and a socket that is a file.
    let seen = shared("unshare-net --explain -- ls /sys/class/net");
    assert_eq!(seen.out, sh("ls /sys/class/net").out);
    has(
        &seen,
        &[
            "still shared: /sys, which shows the caller's interfaces until it is mounted anew ('unshare-mnt --sysfs /sys')",
        ],
    );
    let folder = Folder::new();
    let seen = shared(&format!("unshare-mnt --explain -- touch {folder}/file"));
    assert!(folder.join("file").exists());
    has(&seen, &["still shared: the files: what is written where nothing new is mounted is written for everybody"]);
    let seen = shared("unshare-user --explain --map-none -- stat -c %u /");
    assert_eq!(seen.out, "65534\n");
    has(&seen, &["an owner who has no ID in here shows as 65534, nobody"]);
    let seen = shared("unshare-uts --explain --hostname no-such-host -- sh -c 'grep -c no-such-host /etc/hosts || :'");
    assert_eq!(seen.out, "0\n");
    has(&seen, &["still shared: DNS and /etc/hosts"]);
    let shm = format!("/dev/shm/explain-{}", std::process::id());
    let seen = shared(&format!("unshare-ipc --explain -- touch {shm}"));
    assert!(fs::remove_file(&shm).is_ok());
    has(&seen, &["still shared: POSIX shared memory and semaphores, which are files in /dev/shm"]);
    let seen = shared("unshare-time --explain --boottime 100d -- date +%s");
    let (now, there) = (sh("date +%s").ok().parse::<u64>().unwrap(), seen.ok().parse::<u64>().unwrap());
    assert!(now - there < 60, "{seen:#?}");
}

/// Standard error as a terminal shows it.
fn on_a_terminal(environment: &str, options: &str) -> String {
    let mut command = session_command("/bin/sh");
    command.args(["-c", &format!("{environment}exec {}unshare-uts --explain --hostname box {options}", user())]);
    let mut pty = Pty::start(command);
    assert!(pty.expect("end of it", LIMIT), "{}", pty.shown());
    assert_eq!(wait(&mut pty.child, LIMIT).map(ExitStatusExt::into_raw), Some(0));
    pty.shown()
}

fn colour_on_a_terminal_alone() {
    let plain =
        watch(script(&format!("TERM=xterm {}unshare-uts --explain --hostname box echo end of it", user())), LIMIT);
    assert!(plain.status.success() && !plain.err.contains('\u{1b}'), "{plain:#?}");
    let coloured = on_a_terminal("TERM=xterm; NO_COLOR=; export TERM NO_COLOR; ", "echo end of it");
    for part in [
        "unshare-uts: \u{1b}[35mnext\u{1b}[0m: ",
        "\u{1b}[1msethostname(\"box\") = 0\u{1b}[0m: ",
        "\u{1b}[31mstill shared\u{1b}[0m: ",
    ] {
        assert!(coloured.contains(part), "no {part:?}: {coloured}");
    }
    // But for the colours and the ends of lines it is the same, as are the numbers of the namespaces.
    let number = |text: &str| -> String {
        let parts = text.split(" -> uts:[").map(|part| part.split_once(']').map_or(part, |part| part.1));
        parts.collect::<Vec<_>>().join("")
    };
    let stripped =
        ["31", "35", "1", "0"].iter().fold(coloured, |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
    // Broken between words, at the width of the terminal, which is 80.
    let widest = stripped.lines().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|widest| (70..=80).contains(&widest)), "{stripped}");
    assert!(stripped.contains("\n    "), "{stripped}");
    assert_eq!(number(&stripped.replace("\n    ", " ")), number(&format!("{}end of it\n", plain.err)));
    for environment in [
        "TERM=xterm NO_COLOR=1; export TERM NO_COLOR; ",
        "TERM=dumb; export TERM; unset NO_COLOR; ",
        "unset TERM NO_COLOR; ",
    ] {
        let shown = on_a_terminal(environment, "echo end of it");
        assert!(!shown.contains('\u{1b}'), "{environment}: {shown}");
    }
    // Standard output is none of its business: it is standard error that has to be a terminal.
    let shown = on_a_terminal("TERM=xterm; export TERM; unset NO_COLOR; ", "sh -c 'echo end of it' 2>/dev/null");
    assert_eq!(shown, "end of it\n");
}
