//! The trees of nstree against lsns(8), `/proc`, and what the test built.

use crate::support::json::Json;
use crate::support::{
    Folder, LIMIT, command, descendants, eventually, is_root, kill_group, lives, need, script, sh, user, watch,
};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

crate::tests![
    five_deep,
    the_picture_as_text,
    siblings_and_their_orphans,
    beside_lsns,
    beside_proc,
    from_inside_with_the_proc_of_outside,
    a_thousand_processes,
    zombies,
    kept_without_a_process,
    owners_of_what_does_not_nest,
    users_outside_and_inside,
    hostile_names,
    while_processes_come_and_go,
    a_drawing_that_dot_takes,
    bad_input,
    output_that_fails,
];

/// What a test built: it ends with the test.
struct Stage(Child);

impl Stage {
    /// Starts it, and waits until `is_ready` of its PID.
    #[track_caller]
    fn start(mut command: Command, is_ready: impl Fn(u32) -> bool) -> Stage {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let stage = Stage(child.expect("a process"));
        eventually("the stage is set", || is_ready(stage.pid()));
        stage
    }

    /// A shell command, ready when this many of the processes below it are named `name`.
    #[track_caller]
    fn with(text: &str, count: usize, name: &str) -> Stage {
        let named = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
        Stage::start(script(text), |pid| {
            let all = [vec![pid], descendants(pid)].concat();
            all.iter().filter(|pid| named(pid)).count() == count
        })
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Nstree of this stage alone.
    #[track_caller]
    fn show(&self, options: &str) -> String {
        nstree(&format!("{options} {}", self.pid()))
    }

    /// The same as JSON: the namespaces of the one kind.
    #[track_caller]
    fn read(&self, options: &str) -> Vec<Json> {
        let tree = Json::read(&self.show(&format!("--json {options}")));
        tree.get("trees").list()[0].get("namespaces").list().to_vec()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let all = descendants(self.pid());
        kill_group(&self.0);
        let _ = self.0.wait();
        eventually("the stage is empty", || all.iter().all(|pid| !lives(*pid)));
    }
}

#[track_caller]
fn nstree(options: &str) -> String {
    let seen = sh(&format!("LC_ALL=C.UTF-8 nstree {options}"));
    assert_eq!(seen.err, "", "{seen:#?}");
    format!("{}\n", seen.ok())
}

fn status(pid: u32) -> Option<String> {
    fs::read(format!("/proc/{pid}/status")).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn field(pid: u32, name: &str) -> Option<String> {
    common::proc::field(&status(pid)?, name).map(str::to_owned)
}

fn namespace(pid: u32, kind: &str) -> Option<u64> {
    let link = fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok()?;
    link.to_str()?.split(['[', ']']).nth(1)?.parse().ok()
}

fn numbers(list: &Json) -> Vec<u64> {
    list.list().iter().map(Json::number).collect()
}

/// Every process below a value, by PID.
fn processes(value: &Json) -> BTreeMap<u32, Json> {
    let mut found = BTreeMap::new();
    match value {
        Json::List(values) => values.iter().for_each(|value| found.extend(processes(value))),
        Json::Object(fields) if fields.contains_key("pids") => {
            found.insert(u32::try_from(value.get("pid").number()).expect("a PID"), value.clone());
        }
        Json::Object(fields) => fields.values().for_each(|value| found.extend(processes(value))),
        _ => {}
    }
    found
}

/// Every namespace with the number of its processes.
fn sizes(value: &Json, found: &mut BTreeMap<u64, usize>) {
    for space in value.list() {
        found.insert(space.get("id").number(), space.get("processes").list().len());
        sizes(space.get("children"), found);
    }
}

/// Numbers that differ from run to run, as letters: the namespaces, then the PIDs in the order of their first mention.
fn abstracted(text: &str, pids: &[u32]) -> String {
    let mut text = text.to_owned();
    for (pid, letter) in pids.iter().zip('A'..) {
        text = text.replace(&pid.to_string(), &letter.to_string());
    }
    let mut out = String::new();
    for (index, part) in text.split(":[").enumerate() {
        let part = if index == 0 { part.to_owned() } else { format!(":[N]{}", part.split_once(']').expect("an ID").1) };
        out.push_str(&part);
    }
    out
}

fn me() -> String {
    let passwd = fs::read_to_string("/etc/passwd").expect("users");
    let uid = nix::unistd::geteuid().to_string();
    let found = passwd.lines().find(|line| line.split(':').nth(2) == Some(&uid));
    found.map_or(uid.clone(), |line| line.split(':').next().unwrap_or_default().to_owned())
}

/// The user in the picture: an ordinary one is root inside.
fn shown_user() -> String {
    if is_root() { "root".to_owned() } else { format!("{} → root", me()) }
}

fn five_deep() {
    let links = "unshare-pid -- ".repeat(5);
    let stage = Stage::with(&format!("exec {}{links} sleep 1000", user()), 1, "sleep");
    let mut spaces = stage.read("");
    let base = field(stage.pid(), "NSpid").expect("a field").split_whitespace().count();
    for depth in 0..=5 {
        assert_eq!(spaces.len(), 1, "at depth {depth}: {spaces:#?}");
        let space = spaces.remove(0);
        let [process] = space.get("processes").list() else { panic!("one process at depth {depth}: {space:#?}") };
        let pid = u32::try_from(process.get("pid").number()).expect("a PID");
        let pids = numbers(process.get("pids"));
        // What the kernel says of this process, read by another way.
        let told: Vec<u64> =
            field(pid, "NSpid").expect("NSpid").split_whitespace().map(|n| n.parse().unwrap()).collect();
        assert_eq!(pids, told);
        assert_eq!(pids.len(), base + depth);
        assert!(depth == 0 || pids.ends_with(&[1]), "{pids:?}");
        assert_eq!(Some(space.get("id").number()), namespace(pid, "pid"));
        let command: Vec<&str> = process.get("command").list().iter().map(Json::text).collect();
        assert_eq!(command.first(), Some(&if depth == 5 { "sleep" } else { "unshare-pid" }), "{command:?}");
        spaces = space.get("children").list().to_vec();
    }
    assert_eq!(spaces, []);
}

fn the_picture_as_text() {
    let chain = format!("exec {}unshare-pid -- unshare-uts --hostname box -- sleep 1000", user());
    let stage = Stage::with(&chain, 1, "sleep");
    let inner = descendants(stage.pid())[0];
    let text = abstracted(&stage.show(""), &[stage.pid(), inner]);
    let (first, rest) = text.split_once('\n').expect("lines");
    let initial = if namespace(stage.pid(), "pid") == Some(4026531836) { "initial, " } else { "" };
    assert!(
        first.starts_with(&format!("pid:[N] ({initial}1 process, ")) && first.ends_with("others not shown)"),
        "{first}"
    );
    let apart = if is_root() { "" } else { "  (not shared with its parent: user)" };
    let user = shown_user();
    let expected = [
        format!("├─ A  {user}  unshare-pid -- unshare-uts --hostname box -- sleep 1000{apart}\n"),
        "└─ pid:[N] (1 process)\n".to_owned(),
        format!("   └─ B → 1  {user}  sleep 1000  (not shared with its parent: uts)\n"),
        "(B → 1: one process, PID B outside and 1 inside)\n".to_owned(),
    ];
    assert_eq!(rest, expected.concat());
    // Where the locale has no lines and arrows.
    let plain = sh(&format!("LC_ALL=C nstree {}", stage.pid()));
    assert!(plain.ok().is_ascii() && plain.ok().contains("\n`- pid:[") && plain.ok().contains(" > 1  "), "{plain:#?}");
}

fn siblings_and_their_orphans() {
    // In each an orphan, whose parent has ended: it still belongs below.
    let inside = "sh -c '(sleep 1000 & ); exec sleep 1000'";
    let stage =
        Stage::with(&format!("{0}unshare-pid -- {inside} & {0}unshare-pid -- {inside} & wait", user()), 4, "sleep");
    let spaces = stage.read("");
    let [around] = &spaces[..] else { panic!("one namespace around: {spaces:#?}") };
    assert_eq!(around.get("processes").list().len(), 3);
    let [one, other] = around.get("children").list() else { panic!("two siblings: {around:#?}") };
    assert_ne!(one.get("id"), other.get("id"));
    for space in [one, other] {
        assert_eq!(space.get("parent"), around.get("id"));
        let inner: Vec<u64> =
            space.get("processes").list().iter().map(|p| *numbers(p.get("pids")).last().expect("a PID")).collect();
        assert_eq!(inner.len(), 2);
        assert!(inner.contains(&1), "{inner:?}");
    }
}

/// In a PID namespace of their own, where nothing else comes and goes.
fn beside_lsns() {
    need("lsns");
    const KINDS: &str = "pid user mnt net uts ipc cgroup time";
    let text = format!(
        "{}unshare-pid --mount-proc -- sh -c '
            unshare-net -- unshare-uts -- sleep 1000 &
            unshare-ipc -- unshare-mnt -- unshare-user -- sleep 1000 &
            unshare-pid -- unshare-pid -- sh -c \"sleep 1000 & sleep 1000\" &
            until [ $(pgrep -xc sleep) = 4 ]; do sleep 0.05; done
            for kind in {KINDS}; do
                echo $kind; lsns --noheadings --raw -o NS,NPROCS -t $kind
                printf \"\\034\"; nstree --json -t $kind; printf \"\\035\"
            done'",
        user()
    );
    let seen = sh(&text);
    let parts: Vec<&str> = seen.ok().split('\u{1d}').filter(|part| !part.trim().is_empty()).collect();
    assert_eq!(parts.len(), KINDS.split(' ').count(), "{seen:#?}");
    for part in parts {
        let (lsns, tree) = part.split_once('\u{1c}').expect("two answers");
        let (kind, lsns) = lsns.trim().split_once('\n').expect("a kind and its namespaces");
        let lsns: BTreeMap<u64, usize> = lsns
            .lines()
            .map(|line| line.split_once(' ').expect("two columns"))
            .map(|(id, count)| (id.parse().expect("an ID"), count.trim().parse().expect("a count")))
            .collect();
        let mut ours = BTreeMap::new();
        sizes(Json::read(tree).get("trees").list()[0].get("namespaces"), &mut ours);
        // lsns knows nothing of a user namespace that only holds others.
        ours.retain(|_, count| *count > 0);
        assert_eq!(ours, lsns, "{kind}");
        assert!(ours.len() >= if kind == "cgroup" || kind == "time" { 1 } else { 2 }, "{kind}: {ours:?}");
    }
}

/// The whole machine as it is: for whoever runs this, of every process what may be read.
fn beside_proc() {
    // What is the same before and after was so in between.
    let look = || -> BTreeMap<u32, (String, String, [Option<u64>; 3])> {
        let pids = fs::read_dir("/proc").expect("/proc").filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
        let kinds = ["pid", "user", "net"];
        pids.filter_map(|pid: u32| {
            let effective = field(pid, "Uid")?.split_whitespace().nth(1)?.to_owned();
            let zombie = field(pid, "State")?.starts_with('Z');
            (!zombie).then_some((pid, (field(pid, "NSpid")?, effective, kinds.map(|kind| namespace(pid, kind)))))
        })
        .collect()
    };
    let before = look();
    let tree = Json::read(&nstree("--json"));
    let text = nstree("--type net");
    let after = look();
    let shown = processes(&tree);
    let (mut compared, mut closed) = (0, 0);
    for (pid, facts) in before.iter().filter(|(pid, facts)| after.get(pid) == Some(facts)) {
        let (pids, uid, [in_pid, in_user, in_net]) = facts;
        let Some(process) = shown.get(pid) else {
            assert_eq!(*in_pid, None, "process {pid} is missing");
            continue;
        };
        assert_eq!(
            numbers(process.get("pids")),
            pids.split_whitespace().map(|n| n.parse().unwrap()).collect::<Vec<u64>>()
        );
        assert_eq!(process.get("uid").number().to_string(), *uid);
        assert_eq!(*process.get("readable") == Json::Bool(true), in_pid.is_some(), "process {pid}");
        let Json::Object(namespaces) = process.get("namespaces") else { panic!("no object: {process:?}") };
        for (kind, id) in [("user", in_user), ("net", in_net)] {
            assert_eq!(namespaces.get(kind).map(Json::number), *id, "process {pid}");
        }
        // By its number of PIDs it was put into its namespace, though we may not read it.
        assert!(in_pid.is_none_or(|id| namespaces["pid"] == Json::Number(id)), "process {pid}");
        closed += usize::from(in_pid.is_none());
        compared += 1;
    }
    assert!(compared > 3, "{compared} compared");
    assert!(
        is_root() || closed > 0,
        "an ordinary user may not read PID 1, and nstree puts it in its place all the same"
    );
    let counted = text
        .lines()
        .any(|line| line.starts_with('(') && line.contains("this user may not read in which net namespace"));
    assert_eq!(counted, closed > 0, "{text}");
}

/// The kernel does not tell a process what is around its own PID namespace; the PIDs do.
fn from_inside_with_the_proc_of_outside() {
    let seen = sh(&format!("{}unshare-pid -- unshare-pid -- nstree --json", user()));
    let tree = Json::read(seen.ok());
    let roots = tree.get("trees").list()[0].get("namespaces").list();
    fn find(spaces: &[Json], path: &mut Vec<u64>) -> bool {
        spaces.iter().any(|space| {
            path.push(space.get("id").number());
            let is_ours =
                |process: &Json| process.get("name").text() == "nstree" && numbers(process.get("pids")).len() > 2;
            let found = space.get("processes").list().iter().any(is_ours) || find(space.get("children").list(), path);
            if !found {
                path.pop();
            }
            found
        })
    }
    let mut path = Vec::new();
    assert!(find(roots, &mut path), "{tree:#?}");
    assert_eq!(path.len(), 3, "{path:?}");
    assert_eq!(Some(path[0]), namespace(std::process::id(), "pid"));
}

fn a_thousand_processes() {
    let folder = Folder::new();
    let door = folder.join("door");
    nix::unistd::mkfifo(&door, nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
    // Each is a fork of the shell, and waits for somebody to open the other end.
    let many = "i=0; while [ $i -lt 1000 ]; do read x <\"$DOOR\" & i=$((i+1)); done; wait";
    let mut crowd = script(&format!("exec {}unshare-pid -- sh -c '{many}'", user()));
    crowd.env("DOOR", &door);
    let children = |pid| fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let stage = Stage::start(crowd, |pid| {
        children(pid.to_string())
            .split_whitespace()
            .any(|first| children(first.to_owned()).split_whitespace().count() == 1000)
    });
    let fastest = (0..3).map(|_| watch(script("nstree >/dev/null"), LIMIT).took).min().expect("three runs");
    // Less than 0.1 s; the limit is for a machine that does something else.
    assert!(fastest < Duration::from_secs(5), "{fastest:?}");
    let text = stage.show("");
    assert!(text.contains("] (1001 processes)\n"), "{text}");
    let spaces = stage.read("");
    let inside = &spaces[0].get("children").list()[0];
    let mut inner: Vec<u64> =
        inside.get("processes").list().iter().map(|process| *numbers(process.get("pids")).last().unwrap()).collect();
    inner.sort_unstable();
    inner.dedup();
    assert_eq!((inner.len(), inner[0]), (1001, 1));
}

fn zombies() {
    // sleep never waits for the child that it was handed.
    let stage = Stage::start(script(&format!("exec {}unshare-pid -- sh -c 'true & exec sleep 1000'", user())), |pid| {
        descendants(pid).iter().any(|pid| field(*pid, "State").is_some_and(|state| state.starts_with('Z')))
    });
    let text = stage.show("");
    let line = text.lines().find(|line| line.contains("(zombie)")).unwrap_or_else(|| panic!("a zombie: {text}"));
    assert!(line.contains(" → 2  ") && line.contains("[true] (zombie)") | line.contains("[sh] (zombie)"), "{line}");
    let text = stage.show("-t net");
    assert!(!text.contains("(zombie)"), "{text}");
    assert!(text.contains("(1 zombie is not shown: in no net namespace any more)"), "{text}");
}

fn kept_without_a_process() {
    let folder = Folder::new();
    // A name that would break a line, and a terminal.
    let file = folder.join("kept \u{1b}[31m here");
    let text = format!(
        "exec {}unshare-mnt -- sh -c 'unshare-uts --keep \"$0\" -- true; unshare-pid --keep \"$0.pid\" -- true
            stat -c %i \"$0\" \"$0.pid\"; LC_ALL=C.UTF-8 nstree -t uts -t pid; nstree --json -t pid' \"$FILE\"",
        user()
    );
    let mut scene = script(&text);
    scene.env("FILE", &file);
    let seen = watch(scene, LIMIT);
    let lines: Vec<&str> = seen.ok().lines().collect();
    let shown = file.display().to_string().replace('\u{1b}', "\\u{1b}");
    let (uts, pid) = (lines[0], lines[1]);
    assert!(
        lines.iter().any(|line| line.ends_with(&format!("uts:[{uts}] (kept by {shown}, no process)"))),
        "{seen:#?}"
    );
    // The kernel still knows what it lay in.
    assert!(
        lines.contains(&&*format!("└─ pid:[{pid}] (kept by {shown}.pid, no process)"))
            || lines.contains(&&*format!("├─ pid:[{pid}] (kept by {shown}.pid, no process)")),
        "{seen:#?}"
    );
    assert!(seen.ok().contains(&format!("\"kept_by\": [\"{}", folder.path().display())), "{seen:#?}");
}

fn owners_of_what_does_not_nest() {
    let stage = Stage::with("exec unshare-user -- unshare-net -- unshare-user -- sleep 1000 ", 1, "sleep");
    let text = stage.show("-t net");
    // A single owner needs no frame, so look at the whole.
    assert!(text.starts_with("net:["), "{text}");
    let [net] = &stage.read("-t net")[..] else { panic!("one namespace") };
    let users = stage.read("-t user");
    let owner = net.get("owner").number();
    // sleep is in the user namespace within the one that owns its network.
    let around = namespace(stage.pid(), "user").expect("a user namespace");
    assert_ne!(owner, around);
    let whole = nstree("-t net");
    let at = |text: &str| whole.find(text).unwrap_or_else(|| panic!("no {text} in {whole}"));
    assert!(
        at(&format!("user:[{owner}] (made by {})", me())) < at(&format!("net:[{}]", net.get("id").number())),
        "{whole}"
    );
    assert_eq!(users[0].get("children").list()[0].get("id").number(), owner, "{users:#?}");
}

fn users_outside_and_inside() {
    let stage = Stage::with("exec unshare-user --map-user 1234 -- sleep 1000", 1, "sleep");
    let shown = processes(&Json::List(stage.read("-t user")));
    let process = &shown[&stage.pid()];
    assert_eq!(process.get("uid").number(), u64::from(nix::unistd::geteuid().as_raw()));
    assert_eq!(process.get("uid_inside").number(), 1234);
    assert_eq!(process.get("not_shared"), &Json::List(vec![]), "what is shown is not repeated");
    let text = stage.show("-t uts");
    assert!(text.contains(&format!("{} → 1234  sleep 1000  (not shared with its parent: user)", me())), "{text}");
}

fn hostile_names() {
    let folder = Folder::new();
    // The kernel takes 15 bytes of it for the name.
    let program = folder.join("\u{1b}]0;<b>\"&\\\n\u{202e}x");
    fs::copy("/bin/sleep", &program).expect("a program");
    let mut hostile = command(program.to_str().expect("UTF-8"));
    hostile.arg0(OsStr::from_bytes(b"\x1b[31m<b>\"&\\n\n\xff\xe2\x80\xaex ]]> \\G")).arg("1000");
    let stage = Stage::start(hostile, |pid| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|c| c.contains(&0xff)));
    for options in ["", "-t net", "--dot", "--json"] {
        let text = stage.show(options);
        let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || (*c == '\u{202e}' && options != "--json"));
        assert_eq!(bad, None, "{options}: {text:?}");
    }
    assert_eq!(stage.show("").lines().count(), 2, "{:?}", stage.show(""));
    let dot = stage.show("--dot");
    assert!(dot.contains("<b>\\u{1b}&#91;31m&lt;b&gt;&quot;&amp;"), "{dot}");
    let shown = processes(&Json::List(stage.read("")));
    let process = &shown[&stage.pid()];
    assert_eq!(process.get("command").list()[0].text(), "\u{1b}[31m<b>\"&\\n\n\u{fffd}\u{202e}x ]]> \\G");
    assert_eq!(process.get("name").text(), "\u{1b}]0;<b>\"&\\\n\u{202e}x");
}

fn while_processes_come_and_go() {
    let churn = "while :; do (:) & (:) & unshare-uts -- true & unshare-pid -- true & wait; done";
    let stage = Stage::with(&format!("exec {}sh -c '{churn}; :'", user()), 1, "sh");
    for _ in 0..10 {
        for options in ["-t pid,uts,user", "--dot -t uts"] {
            assert!(nstree(options).contains("uts"));
        }
        let tree = Json::read(&nstree("--json"));
        assert!(processes(&tree).contains_key(&stage.pid()));
    }
}

fn a_drawing_that_dot_takes() {
    need("dot");
    let folder = Folder::new();
    let program = folder.join("<i>&\"\\");
    fs::copy("/bin/sleep", &program).expect("a program");
    let mut chain = script(&format!("exec {}unshare-pid -- unshare-pid -- unshare-net -- \"$PROGRAM\" 1000", user()));
    chain.env("PROGRAM", &program);
    let stage = Stage::start(chain, |pid| {
        descendants(pid).len() == 2 && {
            let last = *descendants(pid).iter().max().expect("two");
            field(last, "Name").is_some_and(|name| name.starts_with("<i>"))
        }
    });
    let seen = sh(&format!("nstree --dot -t pid -t net -t user {} | dot -Tsvg", stage.pid()));
    assert_eq!(seen.err, "", "{seen:#?}");
    let svg = seen.ok();
    // PID namespaces: three. Networks: two, for an ordinary user each under its owner. User namespaces: one, or two.
    let clusters = if is_root() { 3 + 2 + 1 } else { 3 + 4 + 2 };
    assert_eq!(svg.matches("class=\"cluster\"").count(), clusters, "{svg}");
    for text in
        ["PID namespace", "Network namespace", "User namespace", "&lt;i&gt;&amp;&quot;", "outside: PID 2, then "]
    {
        assert!(svg.contains(text), "no {text:?} in {svg}");
    }
    // The page's own ground shows through.
    assert!(!svg.contains("<polygon fill=\"white\""), "{svg}");
}

fn bad_input() {
    for (options, message) in [
        ("4000000000", "nstree: there is no process 4000000000\nnstree: hint: "),
        ("--type bogus", "nstree: invalid value 'bogus' for '--type <TYPE>'"),
        ("--json --dot", "nstree: the argument '--json' cannot be used with '--dot'"),
        ("nobody", "nstree: invalid value 'nobody' for '[PID]...'"),
    ] {
        let seen = sh(&format!("nstree {options}"));
        assert_eq!((seen.code(), &*seen.out), (125, ""), "{seen:#?}");
        assert!(seen.err.starts_with(message), "{seen:#?}");
    }
    let help = sh("nstree --help");
    assert!(help.ok().contains("Usage: nstree [--type TYPE]... [--json | --dot] [PID]...\n"), "{help:#?}");
    let version = sh("nstree --version");
    assert!(version.ok().starts_with("nstree "), "{version:#?}");
    let seen = sh(&format!("{}unshare-mnt --tmpfs /proc -- nstree", user()));
    assert_eq!((seen.code(), &*seen.out), (125, ""), "{seen:#?}");
    assert!(seen.err.starts_with("nstree: /proc: no proc file system is mounted there\nnstree: hint: "), "{seen:#?}");
}

fn output_that_fails() {
    let seen = sh("nstree >/dev/full");
    assert_eq!(seen.code(), 125, "{seen:#?}");
    assert_eq!(seen.err, "nstree: write(standard output): ENOSPC: No space left on device\n");
    // More than a pipe holds, to a reader that has seen enough: death by SIGPIPE, and not a word.
    let all = "-t pid,user,mnt,net,uts,ipc,cgroup,time";
    let _stage = Stage::with("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 $(seq 300) & done; wait", 10, "sleep");
    let seen = sh(&format!("{{ nstree --json {all}; echo $? >&2; }} | head -c 1"));
    assert_eq!((&*seen.out, &*seen.err), ("{", "141\n"), "{seen:#?}");
}
