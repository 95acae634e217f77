//! The whole line: check it, open what it names, build the tree, switch to it.

use crate::cli::{Operations, Propagation};
use crate::filesystem;
use crate::hint;
use crate::operation::{self, Kind, Operation};
use crate::place::{Made, Missing, Tree};
use crate::source::Source;
use crate::switch;
use crate::{dev, overlay, read_only};
use common::failure::{Failure, OrHint, errno_of};
use common::namespace::MNT;
use common::step::{next, quietly, shown};
use common::sys;
use common::view::view;
use nix::errno::Errno;
use nix::sys::stat::{Mode, umask};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// A line that can be meant so.
pub struct Line {
    operations: Vec<Operation>,
    /// Which operation makes the root, if one does.
    root: Option<usize>,
    chdir: Option<PathBuf>,
    propagation: Propagation,
}

impl Line {
    /// Checks what can be checked by reading.
    ///
    /// # Errors
    /// What [`operation::read`] refuses; two roots; a new root with a propagation that the kernel refuses there.
    pub fn check(
        operations: Operations,
        root: Option<OsString>,
        chdir: Option<OsString>,
        propagation: Propagation,
    ) -> Result<Self, Failure> {
        let mut operations = operation::read(operations.0)?;
        if let Some(directory) = root {
            operations.insert(0, operation::root(directory)?);
        }
        let roots: Vec<usize> = (0..operations.len()).filter(|&index| operations[index].is_root()).collect();
        if let [first, second, ..] = roots[..] {
            let (first, second) = (&operations[first].label, &operations[second].label);
            return Err(Failure::input(format_args!("{second}: {first} makes the root already")));
        }
        let root = roots.first().copied();
        if let Some(index) = root.filter(|_| !propagation.allows_new_root()) {
            let label = &operations[index].label;
            return Err(Failure::input(format_args!("{label}: a new root needs --propagation private or slave"))
                .hint(hint::table::SHARED_ROOT.with([])));
        }
        if chdir.as_ref().is_some_and(|directory| directory.is_empty()) {
            return Err(Failure::input("--chdir \"\": an empty path names nothing"));
        }
        Ok(Line { operations, root, chdir: chdir.map(PathBuf::from), propagation })
    }

    /// Does it all, in the new mount namespace. What is given removes, when dropped, what was made on the caller's file
    /// systems.
    ///
    /// # Errors
    /// The refused call, under the operation's name.
    pub fn perform(self) -> Result<Made, Failure> {
        if self.operations.is_empty() && self.chdir.is_none() {
            self.propagation.set()?;
            return Ok(Tree::of_the_caller(None).into_made());
        }
        let before = quietly("getcwd()", || match std::env::current_dir().map_err(errno_of) {
            // It was removed, or lies outside the root, or no path of the kernel's length leads there.
            Err(Errno::ENOENT | Errno::ENAMETOOLONG) => Ok(None),
            result => result.map(Some),
        })?;
        self.propagation.set()?;
        // Every source is opened before the first mount changes what a path means.
        let mut sources = Vec::new();
        for operation in &self.operations {
            sources.push(Some(Source::open(operation).map_err(|failure| within(operation, failure))?));
        }
        // The modes of mount points are those that a reader expects, whatever the caller's umask.
        let mask = umask(Mode::empty());
        let mut tree = Tree::of_the_caller(before.clone());
        if let Some(index) = self.root {
            let (operation, source) = (&self.operations[index], sources[index].take());
            let source = source.expect("every source is taken once");
            tree = make_root(operation, source).map_err(|failure| within(operation, failure))?;
        }
        for (operation, source) in self.operations.iter().zip(sources) {
            if let Some(source) = source {
                perform(operation, source, &mut tree).map_err(|failure| within(operation, failure))?;
            }
        }
        umask(mask);
        if let Some(index) = self.root {
            switch::to(tree.start()).map_err(|failure| within(&self.operations[index], failure))?;
        }
        if !self.operations.is_empty() || self.chdir.is_some() {
            switch::change_directory(tree.start(), self.root.is_some(), self.chdir, before)?;
        }
        if !self.operations.is_empty() {
            next(shown(|| format!("the command, which sees {}", view(&MNT))));
        }
        Ok(tree.into_made())
    }
}

/// Names the operation, with its arguments, before what failed.
fn within(operation: &Operation, mut failure: Failure) -> Failure {
    failure.what = format!("{}: {}", operation.label, failure.what);
    failure
}

fn make_root(operation: &Operation, source: Source) -> Result<Tree, Failure> {
    next(&operation.label);
    // Over the caller's root, which a path that begins with a slash goes on to mean until we switch.
    let below = quietly("open(\"/\", O_PATH)", || sys::openat2(sys::CWD, "/".as_ref(), nix::libc::O_PATH, 0))
        .or_hint(|errno| hint::dest("/".as_ref(), errno))?;
    let mut tree = Tree::of_the_caller(None);
    let root = mount(operation, source, &below, &mut tree)?;
    tree.replace_root(root);
    Ok(tree)
}

fn perform(operation: &Operation, source: Source, tree: &mut Tree) -> Result<(), Failure> {
    next(&operation.label);
    let dest = &operation.dest;
    match &operation.kind {
        Kind::Directory => tree.make_directory(dest),
        Kind::Symlink { target } => tree.make_symlink(target, dest),
        Kind::RemountReadOnly => read_only::one(tree, dest),
        _ => {
            let missing = if source.is_directory()? { Missing::Directory } else { Missing::File };
            let place = tree.place(dest, missing)?;
            mount(operation, source, &place, tree).map(drop)
        }
    }
}

/// Makes the mount and attaches it to a place. Gives its root.
fn mount(operation: &Operation, source: Source, place: &OwnedFd, tree: &mut Tree) -> Result<OwnedFd, Failure> {
    let dest = &operation.dest;
    match (&operation.kind, source) {
        (Kind::Bind { read_only, .. }, Source::Tree(mounts)) => {
            if *read_only {
                read_only::all(&mounts)?;
            }
            let changes = if operation.is_root() {
                "these files lie over the old root for a moment, to take its place"
            } else {
                "the same files are seen there too, by whoever is in here"
            };
            tree.attach(&mounts, place, dest, changes)?;
            if *read_only {
                read_only::verify(&mounts)?;
            }
            Ok(mounts)
        }
        (Kind::Mount(filesystem), _) => {
            let mount = filesystem::make(*filesystem)?;
            tree.attach(&mount, place, dest, filesystem::changes(*filesystem))?;
            if filesystem::is_empty(*filesystem) {
                tree.own(&mount, true)?;
            }
            Ok(mount)
        }
        (Kind::Dev, Source::Devices(devices)) => dev::make(devices, place, dest, tree),
        (Kind::Overlay { .. }, Source::Layers(layers)) => overlay::make(&layers, place, dest, tree),
        _ => unreachable!("the source is the operation's own"),
    }
}
