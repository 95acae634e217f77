//! The command line of unshare-mnt, on any bytes: a word a line. It must not panic; what is accepted has its operations in
//! the order of the line, none with an empty path, and at most one root. The same bytes are read as a mountinfo too.
#![cfg_attr(fuzzing, no_main)]
#![allow(dead_code, reason = "the tool's modules, of which the readers are called")]

mod driver;

#[path = "../../unshare-mnt/src/cli.rs"]
mod cli;
#[path = "../../unshare-mnt/src/dev.rs"]
mod dev;
#[path = "../../unshare-mnt/src/filesystem.rs"]
mod filesystem;
#[path = "../../unshare-mnt/src/hint/mod.rs"]
mod hint;
#[path = "../../unshare-mnt/src/line.rs"]
mod line;
#[path = "../../unshare-mnt/src/operation.rs"]
mod operation;
#[path = "../../unshare-mnt/src/overlay.rs"]
mod overlay;
#[path = "../../unshare-mnt/src/place.rs"]
mod place;
#[path = "../../unshare-mnt/src/propagation.rs"]
mod propagation;
#[path = "../../unshare-mnt/src/read_only.rs"]
mod read_only;
#[path = "../../unshare-mnt/src/source.rs"]
mod source;
#[path = "../../unshare-mnt/src/switch.rs"]
mod switch;

use clap::{Args, Command, FromArgMatches};
use cli::{Operations, Propagation};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Reads the line. Gives how many options were accepted.
fn read(data: &[u8]) -> usize {
    let top = data
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0_u64, |n, b| n.wrapping_mul(10).wrapping_add(u64::from(*b & 15)));
    let writable = read_only::writable_below(&common::mountinfo::read(data), top);
    assert!(writable.is_none_or(|place| !place.contains(char::is_control)));

    let words = data.split(|b| *b == b'\n').map(OsStr::from_bytes).map(OsString::from);
    let command = Operations::augment_args(Command::new("unshare-mnt"));
    let Ok(matches) = command.try_get_matches_from([OsString::from("unshare-mnt")].into_iter().chain(words)) else {
        return 0;
    };
    let written = Operations::from_arg_matches(&matches).expect("clap has checked the line");
    let options = written.0.len();
    let again = || Operations(written.0.clone());
    match operation::read(again().0) {
        Err(failure) => refusal(&failure),
        Ok(operations) => {
            let layers = written.0.iter().filter(|written| written.option == "overlay-src").count();
            assert_eq!(operations.len() + layers, options);
            assert!(operations.iter().all(|operation| !operation.dest.as_os_str().is_empty()));
            let dests = written.0.iter().filter(|written| written.option != "overlay-src");
            for (operation, written) in operations.iter().zip(dests) {
                assert_eq!(operation.dest.as_os_str(), written.values.last().expect("an option has a value"));
                assert!(!operation.label.contains(char::is_control));
            }
        }
    }
    for (root, propagation) in [(None, Propagation::Private), (Some("R".into()), Propagation::Shared)] {
        if let Err(failure) = line::Line::check(again(), root, None, propagation) {
            refusal(&failure);
        }
    }
    options
}

/// A refusal is one line of printable characters.
fn refusal(failure: &common::failure::Failure) {
    assert!(!failure.to_string().contains(char::is_control), "{failure:?}");
}

driver::target!(
    read,
    [
        "--bind\n",
        "--ro-bind\n",
        "--tmpfs\n",
        "--proc\n",
        "--dev\n",
        "--sysfs\n",
        "--mqueue\n",
        "--overlay-src\n",
        "--overlay\n",
        "--tmp-overlay\n",
        "--ro-overlay\n",
        "--dir\n",
        "--symlink\n",
        "--remount-ro\n",
        "--tmpfs=/a\n",
        "/\n",
        "//.\n",
        "/a\n",
        " - ",
        " ro,relatime ",
        " rw ",
    ]
);
