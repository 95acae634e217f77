//! The table of scenes: what is the same under each link, and under the programs of others.

use super::SCENES;
use super::exceptions;
use super::links::{Kind, Link, limit, links, peers};
use super::stage::{Cell, Scene};
use crate::support::runner::skip;
use crate::support::{cgroups, is_installed, is_root, need};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

crate::tests![the_peers_have_their_columns, limit_has_its_column, the_table_fits_a_screen];

/// A title, and a cell of each column.
const TITLE: usize = 39;
const CELL: usize = 7;

/// Prints the table. Fails where one of ours differs without an excuse, and with `STRICT=1` where a column is empty, or a
/// row for want of a program: with none, all would be the same.
pub fn print() -> ExitCode {
    let ours = links();
    let (peers, absent): (Vec<_>, Vec<_>) = peers().into_iter().partition(has_program);
    let columns: Vec<Link> = ours.iter().chain(&peers).cloned().collect();
    println!("{}", line("", columns.iter().map(|link| link.name)));
    let (mut differing, mut empty_rows) = (Vec::new(), 0);
    play(&columns, |scene, bare, cells| {
        if !is_installed(scene.needs) {
            println!("{:TITLE$} not played: {} is not installed", scene.title(), scene.needs);
            empty_rows += 1;
            return;
        }
        println!("{}", line(&scene.title(), cells.iter().map(|(_, cell, _)| cell.to_string())));
        let ours = cells.iter().take(ours.len()).filter(|(_, cell, _)| *cell == Cell::Differs);
        differing.extend(
            ours.map(|(link, _, seen)| format!("{} under {}\n== bare ==\n{bare}\n{seen}", scene.title(), link.name)),
        );
        if bare.contains("HANGS") {
            differing.push(format!("{}: hangs without a link\n{bare}", scene.title()));
        }
    });
    println!("\nsame: as without it. A number: the kernel's exception, shown without us by tests/proofs:");
    for exception in exceptions::ALL {
        println!("  {}  {}", exception.number, exception.what);
    }
    println!("\nThe columns; the last {} are other people's:", peers.len());
    for link in &columns {
        println!("  {:CELL$}  {}", link.name, link.words);
    }
    for peer in &absent {
        println!("  {:CELL$}  has no column: it is not installed", peer.name);
    }
    if let Err(why) = limit() {
        println!("  {:CELL$}  has no column: {why}", "limit");
    }
    for difference in &differing {
        eprintln!("\ndiffers: {difference}");
    }
    let strict = std::env::var("STRICT").is_ok_and(|value| value == "1");
    let is_full = absent.is_empty() && limit().is_ok() && empty_rows == 0;
    if differing.is_empty() && (is_full || !strict) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays every scene, some at a time since most of them wait, and gives their rows in order.
fn play(columns: &[Link], mut each: impl FnMut(&Scene, &str, &[(Link, Cell, String)])) {
    let scenes: Vec<&Scene> = SCENES.iter().flat_map(|scenes| scenes.iter()).collect();
    let next = AtomicUsize::new(0);
    let (played, rows) = channel();
    let played = Mutex::new(played);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(scene) = scenes.get(at) else { break };
                    let mut row = scene.row(columns);
                    // As the suite does with an unsteady test: once more, and it is said what was seen.
                    if let Some((link, _, seen)) = row.1.iter().find(|cell| is_defect(cell)) {
                        let title = scene.title();
                        eprintln!("unsteady: {title} under {}\n== bare ==\n{}\n{seen}\nplayed again", link.name, row.0);
                        row = scene.row(columns);
                    }
                    played.lock().expect("no holder panics").send((at, row)).expect("the rows are taken");
                }
            });
        }
        let mut waiting = std::collections::BTreeMap::new();
        for (at, scene) in scenes.iter().enumerate() {
            while !waiting.contains_key(&at) {
                let (at, row) = rows.recv().expect("a scene panics nowhere");
                waiting.insert(at, row);
            }
            let (bare, cells) = waiting.remove(&at).expect("it is there");
            each(scene, &bare, &cells);
        }
    });
}

/// A link of ours under which something else is seen, with no reason of the kernel's.
fn is_defect((link, cell, _): &(Link, Cell, String)) -> bool {
    link.kind != Kind::Peer && *cell == Cell::Differs
}

fn line(title: &str, cells: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let cells: Vec<String> = cells.map(|cell| format!("{cell:CELL$}")).collect();
    format!("{title:TITLE$} {}", cells.join(" ")).trim_end().to_owned()
}

fn has_program(link: &Link) -> bool {
    is_installed(link.words.split(' ').next().unwrap_or_default())
}

/// A column of the table must not be empty for want of the program.
fn the_peers_have_their_columns() {
    for program in ["unshare", "bwrap", "tini", "catatonit"] {
        need(program);
    }
    assert!(peers().iter().all(has_program));
    let scene = Scene::script("$L echo here");
    let (_, cells) = scene.row(&peers());
    for (link, _, seen) in cells {
        assert!(seen.starts_with("here"), "{} does not run here: {seen}", link.name);
    }
}

/// Root can make a group wherever cgroup v2 is. Nobody else can where nothing was delegated: then the table says so.
fn limit_has_its_column() {
    cgroups::tree();
    match limit() {
        Ok(_) => assert!(links().iter().any(|link| link.name == "limit")),
        Err(why) if is_root() => skip(why),
        Err(why) => assert!(why.starts_with("limit-cgroup: "), "{why}"),
    }
}

fn the_table_fits_a_screen() {
    let columns: Vec<Link> = links().into_iter().chain(peers()).collect();
    let width = line("", columns.iter().map(|link| link.name)).len();
    assert!(width < 200, "{width} columns");
    for link in &columns {
        assert!(link.name.len() <= CELL, "{}", link.name);
    }
    for scene in SCENES.iter().flat_map(|scenes| scenes.iter()) {
        assert!(scene.title().len() <= TITLE, "{}", scene.title());
    }
}
