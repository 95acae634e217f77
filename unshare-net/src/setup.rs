//! The order of things: what is asked for, looked up outside, made, and taken back when something fails.

use crate::belongings::Belongings;
use crate::cli::NetArgs;
use crate::hint;
use crate::interface::Interface;
use crate::side::{Place, Side};
use crate::spec::{self, Move, Name, Route, Veth};
use common::failure::{Failure, OrHint, errno_of};
use common::step::{next, quietly, say, shown, step};
use common::sysctl::Sysctl;
use common::view::interfaces;
use nix::errno::Errno;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsRawFd;

/// The loopback interface is the first of every namespace.
const LOOPBACK: u32 = 1;

/// What is asked for, checked as far as that can be without asking the system.
pub struct Plan {
    loopback: bool,
    veths: Vec<Veth>,
    moves: Vec<Move>,
    routes: Vec<Route>,
    sysctls: Vec<Sysctl>,
}

impl Plan {
    /// Reads the options.
    ///
    /// # Errors
    /// Which one is wrong, and why.
    pub fn read(args: NetArgs) -> Result<Self, Failure> {
        fn all<T>(texts: &[OsString], read: impl Fn(&OsString) -> Result<T, Failure>) -> Result<Vec<T>, Failure> {
            texts.iter().map(read).collect()
        }
        let plan = Plan {
            loopback: !args.no_loopback,
            veths: all(&args.veth, |text| Veth::parse(text))?,
            moves: all(&args.moves, |text| Move::parse(text))?,
            routes: all(&args.route, |text| Route::parse(text))?,
            // The kernel shows a namespace only those keys under net that are its own.
            sysctls: all(&args.sysctl, |text| Sysctl::parse(text, |key| key.starts_with("net.")))?,
        };
        spec::check(&plan.veths, &plan.moves, &plan.routes)?;
        Ok(plan)
    }

    /// Looks for what must be there outside. To be called before the new namespace is entered: from then on only these
    /// sockets and descriptors lead back.
    ///
    /// # Errors
    /// An interface or bridge that isn't there.
    pub fn look_outside(self) -> Result<Ready, Failure> {
        let outside = if self.veths.is_empty() && self.moves.is_empty() { None } else { Some(Outside::look(&self)?) };
        Ok(Ready { plan: self, outside })
    }
}

/// The caller's side: the socket, and what was found there.
struct Outside {
    side: Side,
    /// The bridge of each veth.
    bridges: Vec<Option<u32>>,
    /// The interface of each move, and what a move takes from it.
    sources: Vec<(Interface, Belongings)>,
    /// The namespace itself, to move something back.
    home: Option<File>,
}

impl Outside {
    fn look(plan: &Plan) -> Result<Self, Failure> {
        let side = Side::open("outside")?;
        let bridge = |name: &Name| match side.find(name)? {
            interface if interface.kind.as_deref() == Some("bridge") => Ok(interface.index),
            interface => Err(Failure::input(format_args!(
                "--veth: bridge={name}: {name} is {}, no bridge",
                interface.describe()
            ))),
        };
        let bridges =
            plan.veths.iter().map(|veth| veth.bridge.as_ref().map(bridge).transpose()).collect::<Result<_, _>>()?;
        let sources = plan
            .moves
            .iter()
            .map(|one| {
                let interface = side.find(&one.source)?;
                let belongings = Belongings::of(&side, &interface)?;
                Ok((interface, belongings))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let home = if sources.is_empty() { None } else { Some(home()?) };
        Ok(Outside { side, bridges, sources, home })
    }
}

fn home() -> Result<File, Failure> {
    const PATH: &str = "/proc/self/ns/net";
    quietly(format_args!("open({PATH})"), || File::open(PATH).map_err(errno_of))
}

/// Ready to enter the namespace.
pub struct Ready {
    plan: Plan,
    outside: Option<Outside>,
}

/// What was made, in order. Dropped, it is taken back at once: the kernel would do so too when this process ends, but
/// only some time later.
pub struct Made {
    outside: Option<Outside>,
    inside: Option<Side>,
    /// The ends inside.
    veths: Vec<Interface>,
    moved: Vec<Moved>,
}

struct Moved {
    inside: Interface,
    outside: Interface,
    belongings: Belongings,
}

impl Ready {
    /// Makes and configures everything, from inside the new namespace: first what exists, then settings, which may be
    /// of one interface and have their say before it is up, then addresses, then routes.
    ///
    /// # Errors
    /// The first call that was refused; what was made before is gone.
    pub fn set_up(self) -> Result<Made, Failure> {
        let Ready { plan, outside } = self;
        let mut made = Made { outside, inside: None, veths: Vec::new(), moved: Vec::new() };
        if plan.loopback || made.outside.is_some() || !plan.routes.is_empty() {
            made.inside = Some(Side::open("inside")?);
        }
        let hosts = made.bring(&plan)?;
        for sysctl in &plan.sysctls {
            sysctl.set()?;
        }
        made.configure(&plan, &hosts)?;
        if made.outside.is_some() {
            next(shown(|| format!("the command, which has these interfaces: {}", interfaces().join(", "))));
        }
        Ok(made)
    }
}

impl Made {
    /// Makes the pairs and moves interfaces in. Gives the pairs' outer ends.
    fn bring(&mut self, plan: &Plan) -> Result<Vec<Interface>, Failure> {
        let (Some(outside), Some(inside)) = (&self.outside, &self.inside) else { return Ok(Vec::new()) };
        let pid = std::process::id();
        let mut hosts = Vec::new();
        for (veth, bridge) in plan.veths.iter().zip(&outside.bridges) {
            next(format_args!(
                "a virtual cable: one end is to be {} outside, the other {} in here",
                veth.host, veth.name
            ));
            outside.side.make_veth(veth, *bridge, pid)?;
            let interface = inside.find(&veth.name)?;
            let peer = interface.peer;
            self.veths.push(interface);
            // By number: outside somebody could have renamed it meanwhile.
            let host = peer.map_or(Ok(None), |peer| Interface::numbered(&outside.side.socket, peer));
            let host = host.and_then(|host| host.ok_or(Errno::ENODEV));
            hosts.push(
                host.map_err(|errno| Failure::refused(format_args!("RTM_GETLINK({} outside)", veth.host), errno))?,
            );
        }
        for (one, (source, belongings)) in plan.moves.iter().zip(&outside.sources) {
            next(format_args!("{} is to move in here, as {}", one.source, one.name));
            let result = step(
                format_args!("RTM_SETLINK({} outside to {} inside)", one.source, one.name),
                "it is in here, and the caller has it no longer; it went in without its addresses",
                || outside.side.send(source, Place::Of(pid), one.name.as_str()),
            )
            .or_hint(|errno| hint::moving(errno, source))
            .or_hint(|_| outside.side.socket.said());
            // The move and the change of name are two steps to the kernel: the second can fail after the first.
            if matches!(Interface::numbered(&outside.side.socket, source.index), Ok(None)) {
                let there = |name: &Name| Interface::named(&inside.socket, name.as_str()).ok().flatten();
                let interface = there(&one.name).or_else(|| there(&one.source));
                self.moved.extend(interface.map(|inside| Moved {
                    inside,
                    outside: source.clone(),
                    belongings: belongings.clone(),
                }));
            }
            result?;
        }
        Ok(hosts)
    }

    fn configure(&self, plan: &Plan, hosts: &[Interface]) -> Result<(), Failure> {
        let Some(inside) = &self.inside else { return Ok(()) };
        if plan.loopback {
            next("lo is to be switched on, in here");
            inside.up(LOOPBACK, "lo", "127.0.0.1 and ::1 answer whoever is in here, and are not the host's")?;
        }
        if let Some(outside) = &self.outside {
            for (veth, host) in plan.veths.iter().zip(hosts) {
                outside.side.configure(host, &veth.host_addresses)?;
            }
        }
        let ends = self.veths.iter().zip(plan.veths.iter().map(|veth| &veth.addresses));
        let moved = self.moved.iter().map(|moved| &moved.inside).zip(plan.moves.iter().map(|one| &one.addresses));
        for (interface, addresses) in ends.chain(moved) {
            inside.configure(interface, addresses)?;
        }
        if let Some(outside) = &self.outside {
            for (veth, host) in self.veths.iter().zip(hosts) {
                inside.wait_for(veth.index)?;
                outside.side.wait_for(host.index)?;
            }
            for moved in &self.moved {
                inside.wait_for(moved.inside.index)?;
                // Its other end, if that is with the caller.
                if let Interface { peer: Some(peer), peer_namespace: None, .. } = moved.outside {
                    outside.side.wait_for(peer)?;
                }
            }
        }
        for route in &plan.routes {
            let dev = route.dev.as_ref().map(|dev| inside.find(dev)).transpose()?;
            inside.route(route, dev.map(|interface| interface.index))?;
        }
        Ok(())
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let (Some(outside), Some(inside)) = (&self.outside, &self.inside) else { return };
        for Moved { inside: interface, outside: was, belongings } in self.moved.iter().rev() {
            let Some(home) = &outside.home else { continue };
            let back = inside.send(interface, Place::Named(home.as_raw_fd()), &was.name);
            match back.and_then(|()| Interface::named(&outside.side.socket, &was.name)) {
                Ok(Some(interface)) => belongings.give_back(&outside.side, &interface, was.up),
                Ok(None) => {}
                Err(errno) => say(format_args!("{} could not be moved back: {errno}", was.name)),
            }
        }
        for veth in self.veths.iter().rev() {
            let _ = inside.remove(veth.index);
        }
    }
}
