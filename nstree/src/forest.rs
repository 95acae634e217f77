//! The namespaces of a kind, each in its place, with the processes in it.

use crate::kind::Kind;
use crate::nsfs::{self, Relation};
use crate::process::{Process, Seen};
use common::failure::Failure;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::path::PathBuf;

/// All that is shown.
pub struct Picture {
    /// What was seen of the processes, shown or not.
    pub processes: Vec<Process>,
    /// A forest for each kind that was asked for.
    pub forests: Vec<Forest>,
    /// Where each PID stands in `processes`.
    places: HashMap<u32, usize>,
}

/// The namespaces of one kind.
pub struct Forest {
    /// The kind.
    pub kind: Kind,
    /// The namespaces, by number.
    pub spaces: BTreeMap<u64, Space>,
    /// The outermost.
    pub roots: Vec<u64>,
    /// How many zombies have left their namespace of this kind already.
    pub left: usize,
    /// How many processes belong somewhere, and we may not read where.
    pub unread: usize,
    /// How many are shown of which we may read nothing but this namespace.
    pub half_read: usize,
}

/// One namespace.
#[derive(Debug)]
pub struct Space {
    /// Its kind: that of the forest, or [`Kind::User`] for an owner that those of the other kinds are gathered under.
    pub kind: Kind,
    /// The number that the kernel gave it, which is the inode of its file.
    pub id: u64,
    /// The namespace around it.
    pub parent: Option<u64>,
    /// The user namespace that owns it.
    pub owner: Option<u64>,
    /// The user who made it, for a user namespace.
    pub made_by: Option<u32>,
    /// The files that keep it.
    pub kept: Vec<PathBuf>,
    /// The processes in it that are shown, as places in [`Picture::processes`].
    pub processes: Vec<usize>,
    /// How many more are in it.
    pub others: usize,
    /// What is drawn inside it.
    pub children: Vec<u64>,
}

impl Space {
    fn new(kind: Kind, id: u64) -> Self {
        let (kept, processes, children) = (Vec::new(), Vec::new(), Vec::new());
        Space { kind, id, parent: None, owner: None, made_by: None, kept, processes, others: 0, children }
    }

    fn learn(&mut self, relation: &Relation) {
        (self.parent, self.owner, self.made_by) = (relation.parent, relation.owner, relation.made_by);
    }

    /// The one that the kernel started with: those that are made later have numbers from 0xF0000000 on.
    pub fn is_initial(&self) -> bool {
        self.id < 0xf000_0000
    }
}

impl Picture {
    /// Draws the kinds; with `pids` only these processes and their descendants.
    ///
    /// # Errors
    /// One of `pids` is no process; the kernel does not have a kind.
    pub fn draw(seen: Seen, kinds: &[Kind], pids: &[u32]) -> Result<Self, Failure> {
        let processes = seen.processes;
        let places = processes.iter().enumerate().map(|(place, process)| (process.pid, place)).collect();
        let mut picture = Picture { processes, forests: Vec::new(), places };
        let chosen = picture.descendants(pids)?;
        for &kind in kinds {
            if !std::fs::exists(format!("/proc/self/ns/{}", kind.name())).unwrap_or(false) {
                return Err(Failure::input(format_args!("--type {0}: this kernel has no {0} namespaces", kind.name())));
            }
            if picture.forests.iter().all(|forest| forest.kind != kind) {
                let forest = picture.forest(kind, chosen.as_ref());
                picture.forests.push(forest);
            }
        }
        Ok(picture)
    }

    /// A process by its PID.
    pub fn process(&self, pid: u32) -> Option<&Process> {
        self.places.get(&pid).map(|place| &self.processes[*place])
    }

    /// The kinds, other than `shown`, of which a process and its parent are in different namespaces.
    pub fn not_shared(&self, process: &Process, shown: Kind) -> Vec<Kind> {
        let Some(parent) = self.process(process.parent) else { return Vec::new() };
        let differs = |kind: &Kind| match (process.namespace(*kind), parent.namespace(*kind)) {
            (Some(own), Some(parents)) => own != parents,
            _ => false,
        };
        Kind::ALL.into_iter().filter(|kind| *kind != shown).filter(differs).collect()
    }

    /// These processes and all below them; nothing given is `None`, and means everything.
    fn descendants(&self, pids: &[u32]) -> Result<Option<HashSet<u32>>, Failure> {
        if pids.is_empty() {
            return Ok(None);
        }
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for process in &self.processes {
            children.entry(process.parent).or_default().push(process.pid);
        }
        let (mut found, mut next) = (HashSet::new(), pids.to_vec());
        if let Some(missing) = pids.iter().find(|pid| self.process(**pid).is_none()) {
            return Err(Failure::input(format_args!("there is no process {missing}"))
                .hint("PID is a number that 'ps' shows here, as /proc numbers the processes".to_owned()));
        }
        while let Some(pid) = next.pop() {
            if found.insert(pid) {
                next.extend(children.get(&pid).into_iter().flatten());
            }
        }
        Ok(Some(found))
    }

    fn forest(&self, kind: Kind, chosen: Option<&HashSet<u32>>) -> Forest {
        let is_chosen = |process: &Process| chosen.is_none_or(|chosen| chosen.contains(&process.pid));
        let mut forest = Forest { kind, spaces: BTreeMap::new(), roots: Vec::new(), left: 0, unread: 0, half_read: 0 };
        // Who can be asked about a namespace: any process in it, shown or not.
        let mut members: HashMap<u64, Vec<u32>> = HashMap::new();
        for (place, process) in self.processes.iter().enumerate() {
            match process.namespace(kind) {
                Some(id) => {
                    let space = forest.spaces.entry(id).or_insert_with(|| Space::new(kind, id));
                    if is_chosen(process) {
                        space.processes.push(place);
                        forest.half_read += usize::from(!process.readable);
                    } else {
                        space.others += 1;
                    }
                    members.entry(id).or_default().push(process.pid);
                }
                None if !is_chosen(process) => {}
                None if process.readable => forest.left += 1,
                None => forest.unread += 1,
            }
        }
        for (id, files) in nsfs::kept(kind) {
            forest.spaces.entry(id).or_insert_with(|| Space::new(kind, id)).kept = files;
        }
        let owners = self.relate(&mut forest, &members);
        if chosen.is_some() {
            forest.keep_chosen();
        }
        if !kind.nests() {
            forest.gather(&owners);
        }
        forest.arrange(&self.processes);
        forest
    }

    /// Asks the kernel what is around each namespace, and gives the user namespaces that own them, with theirs.
    fn relate(&self, forest: &mut Forest, members: &HashMap<u64, Vec<u32>>) -> HashMap<u64, Relation> {
        let kind = forest.kind;
        let (mut known, mut owners) = (HashSet::new(), HashMap::new());
        let ids: Vec<u64> = forest.spaces.keys().copied().collect();
        for id in ids {
            if known.contains(&id) {
                continue;
            }
            let Some(file) = self.open(&forest.spaces[&id], members.get(&id)) else { continue };
            if !kind.nests() {
                owners.extend(nsfs::owners(&file).into_iter().map(|owner| (owner.id, owner)));
            }
            for relation in nsfs::relations(file, kind) {
                if !known.insert(relation.id) {
                    break;
                }
                forest.spaces.entry(relation.id).or_insert_with(|| Space::new(kind, relation.id)).learn(&relation);
            }
        }
        if kind == Kind::Pid {
            self.relate_by_depth(forest);
        }
        owners
    }

    /// The namespace of a descriptor that is still what it was: a process may have ended, and its PID be used anew.
    fn open(&self, space: &Space, members: Option<&Vec<u32>>) -> Option<File> {
        let mut of_processes = members.into_iter().flatten().filter_map(|pid| nsfs::of_process(*pid, space.kind));
        of_processes
            .find(|file| nsfs::is(file, space.id))
            .or_else(|| space.kept.iter().find_map(|file| nsfs::of_file(file, space.id)))
    }

    /// The kernel does not tell what is around our own PID namespace, or that of a process that we may not read. But the
    /// parent of a PID 1 is always in the namespace around it.
    fn relate_by_depth(&self, forest: &mut Forest) {
        for process in self.processes.iter().filter(|process| process.pids.len() > 1 && process.pids.ends_with(&[1])) {
            let Some(space) = process.namespace(Kind::Pid).and_then(|id| forest.spaces.get_mut(&id)) else { continue };
            let parent = self.process(process.parent).filter(|parent| parent.pids.len() + 1 == process.pids.len());
            if space.parent.is_none() {
                space.parent = parent.and_then(|parent| parent.namespace(Kind::Pid));
            }
        }
    }
}

impl Forest {
    /// Leaves out the namespaces without a chosen process in them, or in one inside them.
    fn keep_chosen(&mut self) {
        let mut needed = BTreeSet::new();
        for space in self.spaces.values().filter(|space| !space.processes.is_empty()) {
            let mut next = Some(space.id);
            while let Some(id) = next.filter(|id| needed.insert(*id)) {
                next = self.spaces.get(&id).and_then(|space| space.parent);
            }
        }
        self.spaces.retain(|id, _| needed.contains(id));
    }

    /// Puts namespaces that do not nest under their owners, where they have more than one.
    fn gather(&mut self, owners: &HashMap<u64, Relation>) {
        let of: BTreeSet<u64> = self.spaces.values().filter_map(|space| space.owner).collect();
        if of.len() < 2 {
            return;
        }
        for space in self.spaces.values_mut() {
            space.parent = space.owner;
        }
        for owner in of {
            let mut next = owners.get(&owner);
            while let Some(relation) = next.filter(|relation| !self.spaces.contains_key(&relation.id)) {
                let mut space = Space::new(Kind::User, relation.id);
                space.learn(relation);
                self.spaces.insert(relation.id, space);
                next = relation.parent.and_then(|parent| owners.get(&parent));
            }
        }
    }

    /// Links parents to children, those with the first processes first.
    fn arrange(&mut self, processes: &[Process]) {
        let order = |space: &Space| {
            let first = space.processes.first().map_or(u32::MAX, |place| processes[*place].pid);
            (space.kind == Kind::User && space.kind != self.kind, first, space.id)
        };
        let mut ids: Vec<u64> = self.spaces.keys().copied().collect();
        ids.sort_by_key(|id| order(&self.spaces[id]));
        for id in ids {
            let parent = self.spaces[&id].parent.filter(|parent| *parent != id);
            match parent.and_then(|parent| self.spaces.get_mut(&parent)) {
                Some(parent) => parent.children.push(id),
                None => self.roots.push(id),
            }
        }
    }
}
