//! The whole scene: a web server and an FTP server, each in a world of its own, on one bridge (`examples/two-servers.sh`).

use crate::net::host_script;
use crate::support::{Folder, Seen, is_root, need, script, watch};
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

crate::tests![two_servers_in_a_network_of_their_own, two_servers_on_this_host, interrupted_at_any_moment, the_figure];

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/two-servers.sh");
const PICTURE: &str =
    "ip -br link | sed 's/@.*//' | grep -E '^(servers|web|ftp) ' || :; ip route | grep 10.80.0 || :; ls $TMPDIR";

#[track_caller]
fn check(seen: &Seen) {
    let text = seen.ok();
    assert!(text.starts_with("the host fetched: a page,a file\n"), "{seen:#?}");
    assert!(text.contains("\nweb fetched from ftp: a file\n"), "{seen:#?}");
    assert!(text.contains("\nftp fetched from web: a page\n"), "{seen:#?}");
    let mut pictures = text.split("\n== ");
    let (host, web, ftp) = (pictures.nth(1), pictures.next(), pictures.next());
    let (Some(host), Some(web), Some(ftp)) = (host, web, ftp) else { panic!("three pictures: {seen:#?}") };
    for part in [" apache2 -f", " vsftpd ", "\nservers ", "\nweb@", "\nftp@"] {
        assert!(host.contains(part), "{part}: {host}");
    }
    // PID 1 is the server; each sees its own processes, files and ports alone.
    let is_first =
        |text: &str, server: &str| text.lines().any(|line| line.trim_start().starts_with(&format!("1 {server}")));
    assert!(web.contains("host name web, user 33") && web.contains("files index.html\n"), "{web}");
    assert!(is_first(web, "apache2") && !web.contains("vsftpd"), "{web}");
    assert!(web.contains(":80 ") && !web.contains(":21 ") && web.contains(" 10.80.0.2/24 "), "{web}");
    assert!(ftp.contains("host name ftp, user 33") && ftp.contains("files file.txt\n"), "{ftp}");
    assert!(is_first(ftp, "vsftpd") && !ftp.contains("apache2"), "{ftp}");
    assert!(ftp.contains(":21 ") && !ftp.contains(":80 ") && ftp.contains(" 10.80.0.3/24 "), "{ftp}");
    let ipc = |text: &str| text.split("IPC ").nth(1).and_then(|rest| rest.split(',').next()).map(str::to_owned);
    assert!(ipc(web).is_some() && ipc(web) != ipc(ftp), "{seen:#?}");
    assert!(text.contains("\nwithout web, ftp still gives: a file\nas before"), "{seen:#?}");
}

fn text(folder: &Folder) -> String {
    for program in ["apache2", "vsftpd", "curl", "ps", "ss", "nsenter"] {
        need(program);
    }
    format!(
        "export TMPDIR={folder}; before=$({PICTURE}); sh {EXAMPLE} >&2 && sh {EXAMPLE} || :
         n=0; until after=$({PICTURE}); [ \"$before\" = \"$after\" ] || [ $((n += 1)) = 100 ]; do sleep 0.1; done
         [ \"$before\" = \"$after\" ] && echo as before || echo \"left: $after\""
    )
}

/// Twice, the second at once after the first. Inside one user namespace for an ordinary user, and one network namespace for everybody.
fn two_servers_in_a_network_of_their_own() {
    check(&watch(host_script(&text(&Folder::new())), Duration::from_secs(60)));
}

/// The same on the machine's own network, which takes root.
fn two_servers_on_this_host() {
    let seen = watch(script(&text(&Folder::new())), Duration::from_secs(60));
    if is_root() {
        check(&seen);
    } else {
        assert!(!seen.out.contains("fetched") && seen.out.ends_with("as before\n"), "{seen:#?}");
    }
}

/// Ctrl-C, early and late.
fn interrupted_at_any_moment() {
    let folder = Folder::new();
    let text = format!(
        "export TMPDIR={folder}; before=$({PICTURE})
         for delay in 0.01 0.05 0.1 0.15 0.2 0.3 0.4 0.6; do
             setsid env --default-signal=INT sh {EXAMPLE} >/dev/null 2>&1 & script=$!
             sleep $delay; kill -INT -$script || :; wait $script && echo whole || echo interrupted
         done
         n=0; until after=$({PICTURE}); [ \"$before\" = \"$after\" ] || [ $((n += 1)) = 100 ]; do sleep 0.1; done
         [ \"$before\" = \"$after\" ] && echo as before || echo \"left: $after\""
    );
    let seen = watch(host_script(&text), Duration::from_secs(60));
    assert!(seen.ok().ends_with("\nas before"), "{seen:#?}");
    assert!(seen.out.contains("interrupted\n"), "{seen:#?}");
}

/// What stands in a drawing, but for the numbers of one run.
fn words(svg: &str) -> BTreeSet<String> {
    let text =
        svg.split("<text ").skip(1).filter_map(|part| part.split_once('>')?.1.split_once('<')).map(|part| part.0);
    text.map(|text| {
        text.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect::<String>().replace("##", "#")
    })
    .map(|text| text.replace("##", "#").replace("##", "#"))
    .collect()
}

/// The figure in the README is what the command beside it draws.
fn the_figure() {
    need("dot");
    const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let readme = fs::read_to_string(format!("{HOME}/README.md")).expect("the README");
    let command = readme
        .lines()
        .find_map(|line| Some(line.split_once("unshare-net -- ")?.1).filter(|rest| rest.contains("--dot")));
    let command = command.expect("the command");
    let folder = Folder::new();
    let command = command.replace(">docs/", &format!(">{folder}/"));
    let seen = watch(host_script(&format!("cd {HOME}; export TMPDIR={folder}; {command}")), Duration::from_secs(60));
    assert!(seen.status.success(), "{seen:#?}");
    let svg = fs::read_to_string(folder.join("two-servers.svg")).expect("a drawing");
    let (new, kept) = (words(&svg), fs::read_to_string(format!("{HOME}/docs/two-servers.svg")).expect("the figure"));
    assert_eq!(svg.matches("class=\"cluster\"").count(), 3, "{svg}");
    for text in ["vsftpd", "PID #", "outside: PID #"] {
        assert!(new.contains(text), "no {text:?}: {new:?}");
    }
    if is_root() {
        let known = |words: BTreeSet<String>| -> Vec<String> {
            words.into_iter().filter(|text| !text.starts_with("and ") && !text.contains("initial")).collect()
        };
        assert_eq!(known(new), known(words(&kept)), "draw docs/two-servers.svg anew");
    }
}
