//! Subordinate IDs: subuid(5), subgid(5).
//!
//! A static program has no name service switch, so the files are read here. Where nsswitch.conf(5) names another source
//! for them, or the files have nothing, getsubids(1) is asked, if it is there.

use crate::kind::Kind;
use crate::map::{LAST_ID, Range};
use crate::program::{Trouble, answer};
use std::fs;
use std::process::Command;

/// The ranges of a user, outer IDs alone, in file order.
pub fn ranges(user: u32, kind: Kind) -> Vec<(u32, u32)> {
    let name = name(user);
    let from_files = || text(kind.file()).map_or_else(Vec::new, |text| of_file(&text, name.as_deref(), user));
    if names_another_source() {
        return ask(name.as_deref(), user, kind);
    }
    let ranges = from_files();
    if ranges.is_empty() { ask(name.as_deref(), user, kind) } else { ranges }
}

/// The ranges for a message.
pub fn shown(ranges: &[(u32, u32)]) -> String {
    let one = |(first, count): &(u32, u32)| format!("{first}-{}", first + (count - 1));
    if ranges.is_empty() { "none".to_owned() } else { ranges.iter().map(one).collect::<Vec<_>>().join(", ") }
}

/// The lines `OWNER:FIRST:COUNT` of one owner, who stands there by name or by number.
pub fn of_file(text: &str, name: Option<&str>, user: u32) -> Vec<(u32, u32)> {
    let line = |line: &str| {
        let mut parts = line.trim().split(':');
        let owner = parts.next()?;
        let range = range(parts.next()?, parts.next()?)?;
        (Some(owner) == name || owner.parse() == Ok(user)).then_some(range)
    };
    without_repeats(text.lines().filter_map(line))
}

/// A range that stands there twice, by name and by number, is one.
fn without_repeats(ranges: impl Iterator<Item = (u32, u32)>) -> Vec<(u32, u32)> {
    ranges.fold(Vec::new(), |mut all, range| {
        if !all.contains(&range) {
            all.push(range);
        }
        all
    })
}

fn range(first: &str, count: &str) -> Option<(u32, u32)> {
    let (first, count): (u32, u32) = (first.trim().parse().ok()?, count.trim().parse().ok()?);
    (count > 0 && count <= LAST_ID && first <= LAST_ID - (count - 1)).then_some((first, count))
}

/// A file of the system's. A name in another encoding than UTF-8 is no reason not to read the others.
fn text(file: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&fs::read(file).ok()?).into_owned())
}

/// The name of a user: passwd(5), then what getent(1) knows.
pub fn name(user: u32) -> Option<String> {
    let file = text("/etc/passwd");
    file.and_then(|text| name_in(&text, user))
        .or_else(|| name_in(&answer(Command::new("getent").args(["passwd", &user.to_string()]), None).ok()?, user))
}

/// The same in lines of passwd(5).
pub fn name_in(text: &str, user: u32) -> Option<String> {
    text.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    })
}

/// Does nsswitch.conf(5) send the question elsewhere than to the files?
fn names_another_source() -> bool {
    text("/etc/nsswitch.conf").is_some_and(|text| {
        text.lines().filter_map(|line| line.trim().strip_prefix("subid:")).any(|sources| sources.trim() != "files")
    })
}

/// What getsubids(1) says: lines `0: OWNER FIRST COUNT`. Nothing where it is not there, or knows nobody.
fn ask(name: Option<&str>, user: u32, kind: Kind) -> Vec<(u32, u32)> {
    let number = user.to_string();
    let mut command = Command::new("getsubids");
    if kind == Kind::Groups {
        command.arg("-g");
    }
    let said: Result<String, Trouble> = answer(command.arg(name.unwrap_or(&number)), None);
    of_answer(&said.unwrap_or_default())
}

/// The ranges in such lines.
pub fn of_answer(text: &str) -> Vec<(u32, u32)> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [.., first, count] = words[..] else { return None };
        range(first, count)
    };
    without_repeats(text.lines().filter_map(line))
}

/// The ranges as a map: `own` first, then each on the lowest inner IDs that are free.
pub fn on_lowest_free(own: Range, ranges: &[(u32, u32)]) -> Vec<Range> {
    let mut map = vec![own];
    let mut next = 0;
    for &(mut outer, mut count) in ranges {
        while count > 0 {
            if next == own.inner {
                next += 1;
            }
            // Up to our own ID, which may stand in the middle; it may be the last one too.
            let room = if next < own.inner { own.inner - next } else { (LAST_ID + 1).saturating_sub(next) };
            let taken = count.min(room);
            if taken == 0 {
                return map;
            }
            map.push(Range { inner: next, outer, count: taken });
            next += taken;
            count -= taken;
            outer = outer.saturating_add(taken);
        }
    }
    map
}
