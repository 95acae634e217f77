//! The namespaces of a kind, each in its place, with the processes in it.

use crate::kind::Kind;
use crate::nsfs::{self, Relation};
use crate::process::{self, Process, Seen};
use common::failure::Failure;
use std::fs::File;
use std::path::PathBuf;

/// All that is shown.
pub struct Picture {
    /// What was seen of the processes, shown or not, by ascending PID.
    pub processes: Vec<Process>,
    /// Which of them were asked for.
    chosen: Vec<bool>,
    /// A forest for each kind that was asked for.
    pub forests: Vec<Forest>,
}

/// The namespaces of one kind.
pub struct Forest {
    /// The kind.
    pub kind: Kind,
    /// The namespaces, by ascending number.
    pub spaces: Vec<Space>,
    /// The numbers of the outermost.
    pub roots: Vec<u64>,
    /// How many zombies have left their namespace of this kind already.
    pub left: usize,
    /// How many processes belong somewhere, and we may not read where.
    pub unread: usize,
    /// How many are shown of which we may read nothing but this namespace.
    pub half_read: usize,
}

/// One namespace.
pub struct Space {
    /// Its kind: that of the forest, or [`Kind::User`] for an owner that those of the other kinds are gathered under.
    pub kind: Kind,
    /// The number that the kernel gave it, which is the inode of its file.
    pub id: u64,
    /// The namespace around it; for one that is gathered under its owner, the owner.
    pub parent: Option<u64>,
    /// The user namespace that owns it.
    pub owner: Option<u64>,
    /// The user who made it, for a user namespace.
    pub made_by: Option<u32>,
    /// The files that keep it.
    pub kept: Vec<PathBuf>,
    /// The processes in it that are shown, as places in [`Picture::processes`].
    pub processes: Vec<usize>,
    /// Those that were not asked for.
    pub others: Vec<usize>,
    /// The numbers of what is drawn inside it.
    pub children: Vec<u64>,
    /// Has the kernel told what is around it?
    related: bool,
}

impl Space {
    fn new(kind: Kind, id: u64) -> Self {
        Space {
            kind,
            id,
            parent: None,
            owner: None,
            made_by: None,
            kept: Vec::new(),
            processes: Vec::new(),
            others: Vec::new(),
            children: Vec::new(),
            related: false,
        }
    }

    fn learn(&mut self, relation: &Relation) {
        (self.parent, self.owner, self.made_by) = (relation.parent, relation.owner, relation.made_by);
        self.related = true;
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
        let mut picture = Picture { processes: seen.processes, chosen: Vec::new(), forests: Vec::new() };
        picture.chosen = picture.descendants(pids)?;
        for &kind in kinds {
            if !std::fs::exists(format!("/proc/self/ns/{}", kind.name())).unwrap_or(false) {
                return Err(Failure::input(format_args!("--type {0}: this kernel has no {0} namespaces", kind.name())));
            }
            if picture.forests.iter().all(|forest| forest.kind != kind) {
                let forest = picture.forest(kind);
                picture.forests.push(forest);
            }
        }
        Ok(picture)
    }

    /// A process by its PID.
    pub fn process(&self, pid: u32) -> Option<&Process> {
        process::place(&self.processes, pid).map(|place| &self.processes[place])
    }

    /// A process by its PID, if it was asked for.
    pub fn chosen(&self, pid: u32) -> Option<&Process> {
        let place = process::place(&self.processes, pid).filter(|place| self.chosen[*place]);
        place.map(|place| &self.processes[place])
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

    /// For each process: is it one of these, or below one? Nothing given means everything.
    fn descendants(&self, pids: &[u32]) -> Result<Vec<bool>, Failure> {
        let mut chosen = vec![pids.is_empty(); self.processes.len()];
        for pid in pids {
            let place = process::place(&self.processes, *pid).ok_or_else(|| {
                Failure::input(format_args!("there is no process {pid}"))
                    .hint("PID is a number that 'ps' shows here, as /proc numbers the processes".to_owned())
            })?;
            chosen[place] = true;
        }
        // PIDs are used anew after a while, so a parent may stand after its child: go on until nothing changes.
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for place in 0..chosen.len() {
                let parent = process::place(&self.processes, self.processes[place].parent);
                if !chosen[place] && parent.is_some_and(|parent| chosen[parent]) {
                    (chosen[place], changed) = (true, true);
                }
            }
        }
        Ok(chosen)
    }

    fn forest(&self, kind: Kind) -> Forest {
        let chosen = &self.chosen;
        let mut forest = Forest { kind, spaces: Vec::new(), roots: Vec::new(), left: 0, unread: 0, half_read: 0 };
        for (place, process) in self.processes.iter().enumerate() {
            match process.namespace(kind) {
                Some(id) if chosen[place] => {
                    forest.space_or_new(kind, id).processes.push(place);
                    forest.half_read += usize::from(!process.readable);
                }
                Some(id) => forest.space_or_new(kind, id).others.push(place),
                None if !chosen[place] => {}
                None if process.readable => forest.left += 1,
                None => forest.unread += 1,
            }
        }
        for (id, file) in nsfs::kept(kind) {
            let kept = &mut forest.space_or_new(kind, id).kept;
            if !kept.contains(&file) {
                kept.push(file);
            }
        }
        let owners = self.relate(&mut forest);
        if chosen.contains(&false) {
            forest.keep_chosen();
        }
        if !kind.nests() {
            forest.gather(&owners);
        }
        forest.arrange();
        forest
    }

    /// Asks the kernel what is around each namespace, and gives the user namespaces that own them, with theirs.
    fn relate(&self, forest: &mut Forest) -> Vec<Relation> {
        let kind = forest.kind;
        let mut owners: Vec<Relation> = Vec::new();
        let ids: Vec<u64> = forest.spaces.iter().map(|space| space.id).collect();
        for id in ids {
            let Some(space) = forest.space(id).filter(|space| !space.related) else { continue };
            let Some(file) = self.open(space) else { continue };
            if !kind.nests() {
                for owner in nsfs::owners(&file) {
                    if owners.iter().all(|other| other.id != owner.id) {
                        owners.push(owner);
                    }
                }
            }
            for relation in nsfs::relations(file, kind) {
                let space = forest.space_or_new(kind, relation.id);
                if space.related {
                    break;
                }
                space.learn(&relation);
            }
        }
        if kind == Kind::Pid {
            self.relate_by_depth(forest);
        }
        owners
    }

    /// The namespace, opened by way of a process in it or a file that keeps it. A process may have ended, and its PID be
    /// used anew: only a descriptor of this very namespace is taken.
    fn open(&self, space: &Space) -> Option<File> {
        let members = space.processes.iter().chain(&space.others).map(|place| &self.processes[*place]);
        let mut of_processes =
            members.filter(|process| process.readable).filter_map(|process| nsfs::of_process(process.pid, space.kind));
        of_processes
            .find(|file| nsfs::is(file, space.id))
            .or_else(|| space.kept.iter().find_map(|file| nsfs::of_file(file, space.id)))
    }

    /// The kernel does not tell what is around our own PID namespace, or that of a process that we may not read. But the
    /// parent of a PID 1 is always in the namespace around it.
    fn relate_by_depth(&self, forest: &mut Forest) {
        for process in self.processes.iter().filter(|process| process.pids.len() > 1 && process.pids.ends_with(&[1])) {
            let parent = self.process(process.parent).filter(|parent| parent.pids.len() + 1 == process.pids.len());
            let Some(parent) = parent.and_then(|parent| parent.namespace(Kind::Pid)) else { continue };
            if let Some(space) = process.namespace(Kind::Pid).and_then(|id| forest.space_mut(id)) {
                space.parent.get_or_insert(parent);
            }
        }
    }
}

impl Forest {
    fn place(&self, id: u64) -> Result<usize, usize> {
        self.spaces.binary_search_by_key(&id, |space| space.id)
    }

    /// A namespace by its number.
    pub fn space(&self, id: u64) -> Option<&Space> {
        self.place(id).ok().map(|place| &self.spaces[place])
    }

    /// Those of these numbers.
    pub fn spaces<'a>(&'a self, ids: &'a [u64]) -> impl Iterator<Item = &'a Space> {
        ids.iter().filter_map(|id| self.space(*id))
    }

    fn space_mut(&mut self, id: u64) -> Option<&mut Space> {
        self.place(id).ok().map(|place| &mut self.spaces[place])
    }

    fn space_or_new(&mut self, kind: Kind, id: u64) -> &mut Space {
        let place = self.place(id).unwrap_or_else(|place| {
            self.spaces.insert(place, Space::new(kind, id));
            place
        });
        &mut self.spaces[place]
    }

    /// Leaves out the namespaces without a chosen process in them, or in one inside them.
    fn keep_chosen(&mut self) {
        let mut needed = vec![false; self.spaces.len()];
        for place in 0..self.spaces.len() {
            let mut next = if self.spaces[place].processes.is_empty() { None } else { Some(place) };
            while let Some(place) = next.filter(|place| !needed[*place]) {
                needed[place] = true;
                next = self.spaces[place].parent.and_then(|id| self.place(id).ok());
            }
        }
        let mut needed = needed.into_iter();
        self.spaces.retain(|_| needed.next() == Some(true));
    }

    /// Puts namespaces that do not nest under their owners, where they have more than one.
    fn gather(&mut self, owners: &[Relation]) {
        let of: Vec<u64> = self.spaces.iter().filter_map(|space| space.owner).collect();
        if of.iter().all(|owner| *owner == of[0]) {
            return;
        }
        for space in &mut self.spaces {
            space.parent = space.owner;
        }
        let known = |id: u64| owners.iter().find(|owner| owner.id == id);
        for owner in of {
            let mut next = known(owner);
            while let Some(relation) = next.filter(|relation| self.space(relation.id).is_none()) {
                self.space_or_new(Kind::User, relation.id).learn(relation);
                next = relation.parent.and_then(known);
            }
        }
    }

    /// Links parents to children: those with the first processes first, owners behind what they stand beside.
    fn arrange(&mut self) {
        let order = |forest: &Forest, id: u64| {
            let space = forest.space(id);
            let first = space.and_then(|space| space.processes.first()).map_or(usize::MAX, |place| *place);
            (space.is_some_and(|space| space.kind != forest.kind), first, id)
        };
        for place in 0..self.spaces.len() {
            let (id, parent) = (self.spaces[place].id, self.spaces[place].parent);
            let parent = parent.filter(|parent| *parent != id).and_then(|parent| self.place(parent).ok());
            let siblings = parent.map_or(&self.roots, |parent| &self.spaces[parent].children);
            let here = siblings.partition_point(|sibling| order(self, *sibling) < order(self, id));
            let siblings = parent.map_or(&mut self.roots, |parent| &mut self.spaces[parent].children);
            siblings.insert(here, id);
        }
    }
}
