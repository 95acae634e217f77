//! The trees of nstree against lsns(8), `/proc`, and what the test built.

use crate::support::json::Json;
use crate::support::nstree_stage::{Stage, field, namespace, nstree, numbers, processes};
use crate::support::{Folder, LIMIT, descendants, is_root, need, script, sh, user, watch};
use std::collections::BTreeMap;
use std::fs;

crate::tests![
    five_deep,
    the_picture_as_text,
    siblings_and_their_orphans,
    beside_lsns,
    beside_proc,
    from_inside_with_the_proc_of_outside,
    zombies,
    kept_without_a_process,
    owners_of_what_does_not_nest,
    users_outside_and_inside,
    a_drawing_that_dot_takes,
];

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
    let apart = if is_root() { "" } else { "  (not its parent's: user)" };
    let user = shown_user();
    let expected = [
        format!("├─ A  {user}  unshare-pid -- unshare-uts --hostname box -- sleep 1000{apart}\n"),
        "└─ pid:[N] (1 process)\n".to_owned(),
        format!("   └─ B → 1  {user}  sleep 1000  (not its parent's: uts)\n"),
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
    assert!(text.contains(&format!("{} → 1234  sleep 1000  (not its parent's: user)", me())), "{text}");
    // Without a map it is what everybody is called who has none.
    let stage = Stage::with("exec unshare-user --map-none -- sleep 1000", 1, "sleep");
    let text = stage.show("-t uts");
    assert!(text.contains(&format!("{} → nobody  sleep 1000", me())), "{text}");
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
    // Every kind has its title.
    let all = nstree(&format!("--dot -t pid,user,mnt,net,uts,ipc,cgroup,time {}", stage.pid()));
    for title in ["Mount", "UTS", "IPC", "Cgroup", "Time"] {
        assert!(all.contains(&format!("{title} namespace")), "{all}");
    }
    // From the middle of the tree: no arrow comes from a process that has no card.
    let middle = *descendants(stage.pid()).iter().min().expect("two");
    let dot = nstree(&format!("--dot {middle}"));
    let arrows = dot.lines().filter_map(|line| line.trim().split_once(" -> "));
    let ends: Vec<&str> = arrows.flat_map(|(from, to)| [from, to.split(' ').next().unwrap_or(to)]).collect();
    assert_eq!(ends.len(), 2, "{dot}");
    assert!(ends.iter().all(|end| dot.contains(&format!(" {end} [label="))), "{dot}");
    // The page's own ground shows through.
    assert!(!svg.contains("<polygon fill=\"white\""), "{svg}");
}
