//! From the options to the maps, and to who may write them. All that can be checked is checked here, before anything is
//! made.

use crate::cli::{Args, IdentityArgs, MapArgs};
use crate::hint::MapStep;
use crate::hint::table::{HELPER_MISSING, NO_SUB_IDS, NOT_INSIDE, SETGROUPS_DENIED, SETGROUPS_OWN, UNKNOWN_OUTER};
use crate::kind::Kind;
use crate::map::{Map, Range};
use crate::{program, subid};
use common::failure::{Failure, OrHint, errno_of};
use common::hint::proc_file;
use common::step::quietly;
use common::sys::credentials::capabilities;
use nix::unistd::{getegid, geteuid, getuid};
use std::fs;

/// Who writes a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// This process, from inside: the kernel lets everybody map the one ID that they have.
    Inside,
    /// A process that stayed outside, where it holds CAP_SETUID or CAP_SETGID.
    Outside,
    /// newuidmap(1) or newgidmap(1), started outside.
    Program,
}

/// One map and its writer.
#[derive(Debug)]
pub struct Side {
    pub kind: Kind,
    pub map: Map,
    pub writer: Writer,
    /// What a refusal is explained with.
    pub step: MapStep,
}

/// What will be written once the namespace is there.
pub struct Plan {
    /// None for `--map-none`.
    pub users: Option<Side>,
    pub groups: Option<Side>,
    /// What to write to `/proc/self/setgroups`, if anything.
    pub setgroups: Option<&'static str>,
    /// Does setgroups(2) work inside?
    pub may_set_groups: bool,
}

impl Plan {
    /// From the options and the caller's IDs, capabilities, maps and subordinate IDs.
    ///
    /// # Errors
    /// What is asked for cannot be.
    pub fn new(args: &Args) -> Result<Self, Failure> {
        let (map, identity) = (&args.map, &args.identity);
        let asked = map.setgroups.as_deref();
        if asked == Some("deny") && !identity.groups.is_empty() {
            return Err(Failure::input("--groups cannot be used with --setgroups deny"));
        }
        if map.map_none {
            check_identity(identity, &Map(Vec::new()), &Map(Vec::new()))?;
            let setgroups = asked.filter(|word| *word == "deny").map(|_| "deny");
            return Ok(Plan { users: None, groups: None, setgroups, may_set_groups: false });
        }
        let wants_groups = asked == Some("allow") || !identity.groups.is_empty();
        let caps = capabilities().map_err(|errno| Failure::refused("capget()", errno))?.effective;
        let (users, groups) = (wanted(map, Kind::Users)?, wanted(map, Kind::Groups)?);
        check_identity(identity, &users, &groups)?;
        let users = Side::new(Kind::Users, users, caps, false)?;
        let groups = Side::new(Kind::Groups, groups, caps, wants_groups)?;
        let is_denied_around = groups.writer != Writer::Inside && read("/proc/self/setgroups")?.trim() == "deny";
        if is_denied_around && wants_groups {
            return Err(Failure::input("setgroups(2) is denied here, and so in every user namespace made from here")
                .hint(SETGROUPS_DENIED.with([])));
        }
        let setgroups = match asked {
            Some("deny") => Some("deny"),
            Some(_) => Some("allow"),
            None => (groups.writer == Writer::Inside).then_some("deny"),
        };
        let may_set_groups = setgroups != Some("deny") && !is_denied_around;
        Ok(Plan { users: Some(users), groups: Some(groups), setgroups, may_set_groups })
    }

    /// Both sides, users first.
    pub fn sides(&self) -> impl Iterator<Item = &Side> {
        self.users.iter().chain(&self.groups)
    }
}

impl Side {
    fn new(kind: Kind, map: Map, capabilities: u64, wants_groups: bool) -> Result<Self, Failure> {
        let is_own = matches!(map.0[..], [Range { outer, count: 1, .. }] if outer == own_id(kind));
        let maps_outer_root = kind == Kind::Users && map.0.iter().any(|range| range.outer == 0);
        let step = MapStep { maps_outer_root, capabilities };
        if is_own && !wants_groups {
            return Ok(Side { kind, map, writer: Writer::Inside, step });
        }
        let around = Map::of_proc(&read(&format!("/proc/self/{}", kind.map_file()))?);
        let map = map.cut(&around).map_err(|id| {
            let word = kind.word();
            Failure::input(format_args!("{}: the outer {word} ID {id} is none here", kind.option()))
                .hint(UNKNOWN_OUTER.with([word, &around.inner_ids()]))
        })?;
        map.check(kind.option())?;
        if capabilities & kind.capability() != 0 {
            return Ok(Side { kind, map, writer: Writer::Outside, step });
        }
        if is_own {
            return Err(Failure::input("setgroups(2) cannot be allowed with a map of the own group alone")
                .hint(SETGROUPS_OWN.with([])));
        }
        if program::find(kind.program()).is_none() {
            return Err(Failure::input(format_args!("{}: not found on PATH", kind.program()))
                .hint(HELPER_MISSING.with([kind.program()])));
        }
        Ok(Side { kind, map, writer: Writer::Program, step })
    }
}

fn own_id(kind: Kind) -> u32 {
    match kind {
        Kind::Users => geteuid().as_raw(),
        Kind::Groups => getegid().as_raw(),
    }
}

/// The map that the options ask for.
fn wanted(args: &MapArgs, kind: Kind) -> Result<Map, Failure> {
    let (given, chosen) = match kind {
        Kind::Users => (&args.map_users, args.map_user),
        Kind::Groups => (&args.map_groups, args.map_group),
    };
    if !given.is_empty() {
        let map = Map(given.clone());
        map.check(kind.option())?;
        return Ok(map);
    }
    let own = own_id(kind);
    let own = Range::one(chosen.unwrap_or(if args.map_current_user { own } else { 0 }), own);
    if !args.map_auto {
        return Ok(Map(vec![own]));
    }
    // newuidmap(1) goes by the real user ID.
    let user = getuid().as_raw();
    let ranges = subid::ranges(user, kind);
    if ranges.is_empty() {
        return Err(no_sub_ids(user, kind));
    }
    let map = Map(subid::on_lowest_free(own, &ranges));
    map.check(&format!("--map-auto, {}", kind.file()))?;
    Ok(map)
}

fn no_sub_ids(user: u32, kind: Kind) -> Failure {
    let (name, word, file) = (subid::name(user), kind.word(), kind.file());
    let option = match kind {
        Kind::Users => "--add-subuids",
        Kind::Groups => "--add-subgids",
    };
    let remedy = match &name {
        Some(name) => {
            format!("usermod {option} 100000-165535 {name} (a range that no other line of {file} has)")
        }
        None => format!("add a line to {file}: {user}:100000:65536 (a range that no other line has)"),
    };
    let name = name.unwrap_or_else(|| user.to_string());
    Failure::input(format_args!("--map-auto: {name} has no subordinate {word} IDs in {file}"))
        .hint(NO_SUB_IDS.with([&remedy]))
}

/// The IDs that the command is to have must be there inside.
fn check_identity(args: &IdentityArgs, users: &Map, groups: &Map) -> Result<(), Failure> {
    let check = |option: &str, kind: Kind, map: &Map, id: u32| {
        if map.has_inner(id) {
            return Ok(());
        }
        Err(Failure::input(format_args!("{option} {id}: there is no such {} ID inside", kind.word()))
            .hint(NOT_INSIDE.with([kind.option(), &id.to_string()])))
    };
    args.setuid.map_or(Ok(()), |id| check("--setuid", Kind::Users, users, id))?;
    args.setgid.map_or(Ok(()), |id| check("--setgid", Kind::Groups, groups, id))?;
    args.groups.iter().try_for_each(|id| check("--groups", Kind::Groups, groups, *id))
}

fn read(path: &str) -> Result<String, Failure> {
    quietly(format_args!("read({path})"), || fs::read_to_string(path).map_err(errno_of)).or_hint(proc_file)
}
