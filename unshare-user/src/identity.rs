//! Who the command is, inside, and what it may do: credentials(7), capabilities(7).

use crate::cli::IdentityArgs;
use crate::hint;
use common::failure::{Failure, OrHint, errno_of};
use common::step::{next, quietly, shown, step};
use common::sys::credentials::{self, Capabilities};
use common::sys::tie_second_thread;
use nix::errno::Errno;
use std::io::Read;
use std::os::unix::net::UnixStream;

/// Becomes who `args` asks for. After the maps were written. `may_set_groups` says whether setgroups(2) is allowed.
///
/// # Errors
/// The call that was refused.
pub fn assume(args: &IdentityArgs, may_set_groups: bool) -> Result<(), Failure> {
    let (user, group) = (args.setuid, args.setgid);
    let groups = (!args.groups.is_empty() || (group.is_some() && may_set_groups)).then_some(&args.groups);
    if user.is_some() || group.is_some() || groups.is_some() {
        next("who the command is to be");
        let tie = Tie::hold()?;
        if let Some(groups) = groups {
            let call = shown(|| format!("setgroups({groups:?})"));
            step(call, "the further groups of the command, as they are called in here", || {
                credentials::set_groups(groups)
            })
            .or_hint(hint::set_groups)?;
        }
        if let Some(id) = group {
            step(format_args!("setresgid({id})"), "the group of the command, as it is called in here", || {
                credentials::set_group(id)
            })?;
        }
        if let Some(id) = user {
            quietly("prctl(PR_SET_KEEPCAPS, 1)", credentials::keep_capabilities)?;
            step(format_args!("setresuid({id})"), "who the command is, as it is called in here", || {
                credentials::set_user(id)
            })?;
        }
        if let Some(tie) = tie {
            tie.renew()?;
        }
    }
    if args.drop_caps { drop_all() } else { keep_all() }
}

/// Lets every capability of the namespace survive execve(2). For the user ID 0 it does so by itself; every other needs
/// the ambient set.
fn keep_all() -> Result<(), Failure> {
    if nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    next("the command is to keep every capability, though its user ID is not 0");
    let all = quietly("capget()", credentials::capabilities)?.permitted;
    let sets = Capabilities { effective: all, permitted: all, inheritable: all };
    quietly("capset(every capability)", || credentials::set_capabilities(sets))?;
    step(
        "prctl(PR_CAP_AMBIENT_RAISE, every capability)",
        "they pass through execve to the command, in here: the next link can work",
        || credentials::each(all).try_for_each(credentials::raise_ambient),
    )
}

/// Empties all five sets. With the bounding set empty not even a program of the user ID 0 brings one back.
fn drop_all() -> Result<(), Failure> {
    next("the command is to have no capability, and is to gain none");
    let all = quietly("capget()", credentials::capabilities)?.permitted;
    // A change from the ID 0 to another has left none of them effective.
    let sets = Capabilities { effective: all, permitted: all, inheritable: 0 };
    quietly("capset(every capability)", || credentials::set_capabilities(sets))?;
    step(
        "prctl(PR_CAPBSET_DROP, every capability)",
        "no program that is executed from here on can bring one back, not even as user 0",
        || credentials::each(all).try_for_each(credentials::drop_bounding),
    )?;
    quietly("prctl(PR_CAP_AMBIENT_CLEAR_ALL)", credentials::clear_ambient)?;
    let none = Capabilities { effective: 0, permitted: 0, inheritable: 0 };
    step(
        "capset(no capability)",
        "the command has none in here; in a new user namespace of its own it would have all again",
        || credentials::set_capabilities(none),
    )
}

/// What keeps this process tied to its parent while its credentials change, which clears the tie of the thread that
/// changes them (PR_SET_PDEATHSIG of prctl(2)).
///
/// The parent may die at any moment, and a process that is PID 1 cannot ask afterwards whether it did. But the signal
/// goes to the whole process if only one thread asked for it: a second one does, and keeps its credentials, until the
/// first is tied again.
struct Tie {
    signal: i32,
    /// The thread ends when this does.
    line: UnixStream,
}

impl Tie {
    /// Starts the second thread, if this process is tied at all.
    fn hold() -> Result<Option<Self>, Failure> {
        let signal = quietly("prctl(PR_GET_PDEATHSIG)", credentials::parent_death_signal)?;
        if signal == 0 {
            return Ok(None);
        }
        let (mut line, its_end) = quietly("socketpair(AF_UNIX)", || UnixStream::pair().map_err(errno_of))?;
        quietly("clone(CLONE_THREAD)", || tie_second_thread(signal, its_end.into()))?;
        quietly(format_args!("prctl(PR_SET_PDEATHSIG, {signal})"), || {
            let mut answer = [0];
            line.read_exact(&mut answer).map_err(errno_of)?;
            if answer == [0] { Ok(()) } else { Err(Errno::from_raw(answer[0].into())) }
        })?;
        Ok(Some(Tie { signal, line }))
    }

    /// Ties this thread again, and ends the second one.
    fn renew(self) -> Result<(), Failure> {
        quietly(format_args!("prctl(PR_SET_PDEATHSIG, {})", self.signal), || {
            credentials::set_parent_death_signal(self.signal)
        })?;
        drop(self.line);
        Ok(())
    }
}
