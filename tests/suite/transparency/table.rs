//! The table of scenes: what is the same under each link, and under the programs of others.

use super::SCENES;
use super::exceptions;
use super::links::{Link, links, peers};
use super::stage::{Cell, Scene};
use crate::support::need;
use std::process::ExitCode;

crate::tests![the_peers_have_their_columns];

/// Prints the table. Fails where one of ours differs without an excuse.
pub fn print() -> ExitCode {
    let (ours, peers) = (links(), installed());
    let columns: Vec<Link> = ours.iter().chain(&peers).cloned().collect();
    print!("{:38}", "");
    for link in &columns {
        print!(" {:9}", link.name);
    }
    println!();
    let mut differing = 0;
    for scene in SCENES.iter().flat_map(|scenes| scenes.iter()) {
        let (_, cells) = scene.row(&columns);
        print!("{:38}", scene.title());
        for (_, cell, _) in &cells {
            print!(" {cell:9}");
        }
        println!();
        differing += cells.iter().take(ours.len()).filter(|(_, cell, _)| *cell == Cell::Differs).count();
    }
    println!("\nsame: as without it. A number: the kernel's exception, shown without us by tests/proofs:");
    for exception in exceptions::ALL {
        println!("  {}  {}", exception.number, exception.what);
    }
    if differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The peers that are here.
fn installed() -> Vec<Link> {
    let has = |link: &Link| {
        let program = link.words.split(' ').next().unwrap_or_default();
        ["/usr/bin", "/bin", "/usr/local/bin"].iter().any(|dir| std::path::Path::new(dir).join(program).exists())
    };
    peers().into_iter().filter(has).collect()
}

/// A column of the table must not be empty for want of the program.
fn the_peers_have_their_columns() {
    for program in ["unshare", "bwrap", "tini", "catatonit"] {
        need(program);
    }
    assert_eq!(installed().len(), peers().len());
    let scene = Scene::script("$L echo here");
    let (_, cells) = scene.row(&peers());
    for (link, _, seen) in cells {
        assert!(seen.starts_with("here"), "{} does not run here: {seen}", link.name);
    }
}
