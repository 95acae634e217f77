//! One side, the caller's or the new one: make a pair there, send an interface, give addresses, bring up, route.

use crate::hint;
use crate::interface::Interface;
use crate::message::Message;
use crate::rtnetlink::Rtnetlink;
use crate::spec::{Cidr, Name, Route, Veth};
use common::failure::{Failure, OrHint};
use common::step::{next, quietly, step};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use nix::errno::Errno;
use nix::libc;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

/// The other end of a pair: linux/veth.h.
const VETH_INFO_PEER: u16 = 1;
/// A namespace's number: linux/net_namespace.h.
const NETNSA_NSID: u16 = 1;

/// A network namespace that we speak to, and what it is called in messages.
pub struct Side {
    /// The socket.
    pub socket: Rtnetlink,
    /// `inside` or `outside`.
    pub name: &'static str,
}

impl Side {
    /// Speaks to the namespace that this process is in now.
    ///
    /// # Errors
    /// socket(2) was refused.
    pub fn open(name: &'static str) -> Result<Self, Failure> {
        Ok(Side { socket: Rtnetlink::open()?, name })
    }

    /// Finds an interface by name.
    ///
    /// # Errors
    /// There is none, or the name is an alternative one.
    pub fn find(&self, name: &Name) -> Result<Interface, Failure> {
        let call = format!("RTM_GETLINK({name} {})", self.name);
        let found = quietly(&call, || Interface::named(&self.socket, name.as_str()))?;
        match found {
            None => Err(Failure::refused(call, Errno::ENODEV).hint(hint::table::NO_INTERFACE.with([name.as_str()]))),
            Some(interface) if interface.name != name.as_str() => Err(Failure::input(format_args!(
                "{call}: {name} is an alternative name of {}: use that one",
                common::text::harmless(&interface.name)
            ))),
            Some(interface) => Ok(interface),
        }
    }

    /// Makes a pair, in one call: this end here, the other in the namespace of the process `pid`. So that whenever we
    /// are killed there is either nothing, or a pair that dies with that namespace. Both ends are down.
    ///
    /// # Errors
    /// The name is taken; no rights here; no such driver.
    pub fn make_veth(&self, veth: &Veth, bridge: Option<u32>, pid: u32) -> Result<(), Failure> {
        let mtu = veth.mtu.map(u32::to_ne_bytes);
        let peer = Message::link(0, 0)
            .with_text(libc::IFLA_IFNAME, veth.name.as_str())
            .with(libc::IFLA_NET_NS_PID, pid.to_ne_bytes())
            .with_some(libc::IFLA_ADDRESS, veth.mac.map(|mac| mac.0))
            .with_some(libc::IFLA_MTU, mtu);
        let kind = Message::attributes()
            .with(libc::IFLA_INFO_KIND, "veth")
            .with_nested(libc::IFLA_INFO_DATA, Message::attributes().with_nested(VETH_INFO_PEER, peer));
        let message = Message::link(libc::RTM_NEWLINK, 0)
            .with_text(libc::IFLA_IFNAME, veth.host.as_str())
            .with_some(libc::IFLA_MTU, mtu)
            .with_some(libc::IFLA_MASTER, bridge.map(u32::to_ne_bytes))
            .with_nested(libc::IFLA_LINKINFO, kind);
        let joins = veth.bridge.as_ref().map_or(String::new(), |bridge| format!(" in bridge {bridge}"));
        step(
            format_args!("RTM_NEWLINK(veth {} {}{joins}, peer {} inside)", veth.host, self.name, veth.name),
            "a cable with one end outside and one in here; it is gone for both when either end is",
            || self.patiently(&veth.host, || self.socket.request(&message, NLM_F_CREATE | NLM_F_EXCL).map(drop)),
        )
        .or_hint(|errno| hint::veth(errno, veth, &self.socket))
        .or_hint(|_| self.socket.said())
    }

    /// Repeats what failed because the name is taken, while the taker is one that may be about to go: the other end of a
    /// veth goes some time after the namespace that it was paired with, median 37 ms.
    fn patiently(&self, name: &Name, attempt: impl Fn() -> nix::Result<()>) -> nix::Result<()> {
        const PAUSE: Duration = Duration::from_millis(2);
        // It may be that the last process is just ending; once it has ended, the kernel only needs time.
        const PERHAPS: Duration = Duration::from_millis(500);
        const SURELY: Duration = Duration::from_secs(5);
        let begin = Instant::now();
        let mut free = 0;
        loop {
            let patience = match attempt() {
                Err(Errno::EEXIST) => match Interface::named(&self.socket, name.as_str())? {
                    Some(Interface { kind: Some(kind), peer_namespace: Some(id), .. }) if kind == "veth" => {
                        free = 0;
                        if self.is_alive(id)? { PERHAPS } else { SURELY }
                    }
                    // It just went. Or it is the other end's name that is taken.
                    None if free < 3 => {
                        free += 1;
                        continue;
                    }
                    _ => return Err(Errno::EEXIST),
                },
                result => return result,
            };
            if begin.elapsed() > patience {
                return Err(Errno::EEXIST);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Is the namespace of this number one that somebody is in? A dying one loses its number, and before that is no
    /// longer found by it.
    fn is_alive(&self, id: i32) -> nix::Result<bool> {
        match self.socket.request(&Message::nsid(libc::RTM_GETNSID).with(NETNSA_NSID, id.to_ne_bytes()), 0) {
            Ok(_) => Ok(id >= 0),
            Err(Errno::ENOENT | Errno::EINVAL) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// Sends an interface of this side into another namespace, under a name that it has there.
    ///
    /// # Errors
    /// This kind stays where it was made; no rights here or there.
    pub fn send(&self, interface: &Interface, to: Place, name: &str) -> nix::Result<()> {
        let message = Message::link(libc::RTM_SETLINK, interface.index).with_text(libc::IFLA_IFNAME, name);
        let message = match to {
            Place::Of(pid) => message.with(libc::IFLA_NET_NS_PID, pid.to_ne_bytes()),
            Place::Named(fd) => message.with(libc::IFLA_NET_NS_FD, fd.to_ne_bytes()),
        };
        self.socket.request(&message, 0).map(drop)
    }

    /// Removes an interface of this side.
    ///
    /// # Errors
    /// It is gone already.
    pub fn remove(&self, index: u32) -> nix::Result<()> {
        self.socket.request(&Message::link(libc::RTM_DELLINK, index), 0).map(drop)
    }

    /// Gives an interface its addresses, and brings it up. Nobody is asked whether an address is in use (duplicate
    /// address detection): they work at once, where the question would take a second or two.
    ///
    /// # Errors
    /// Which address was refused, or that the interface does not come up.
    pub fn configure(&self, interface: &Interface, addresses: &[Cidr]) -> Result<(), Failure> {
        if let Some(address) = interface.link_local {
            // The kernel would make this very address, and ask. Where IPv6 is absent or switched off there is none.
            let cidr = Cidr { address: address.into(), prefix: 64 };
            quietly(format_args!("RTM_NEWADDR({cidr} on {} {})", interface.name, self.name), || {
                match self.add(interface.index, cidr) {
                    Err(Errno::EACCES | Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT | Errno::EEXIST) => Ok(()),
                    result => result,
                }
            })
            .or_hint(|errno| hint::address(errno, cidr))
            .or_hint(|_| self.socket.said())?;
        }
        next(format_args!("{} {} is to get its addresses, and to be switched on", interface.name, self.name));
        for cidr in addresses {
            step(
                format_args!("RTM_NEWADDR({cidr} on {} {})", interface.name, self.name),
                format_args!("{} is an address of it, for who is on that side and for the other end", cidr.address),
                || self.add(interface.index, *cidr),
            )
            .or_hint(|errno| hint::address(errno, *cidr))
            .or_hint(|_| self.socket.said())?;
        }
        self.up(interface.index, &interface.name, "packets pass through it")
    }

    fn add(&self, index: u32, cidr: Cidr) -> nix::Result<()> {
        let Cidr { address, prefix } = cidr;
        let unasked = address.is_ipv6().then(|| libc::IFA_F_NODAD.to_ne_bytes());
        let message = Message::address(libc::RTM_NEWADDR, address, prefix, index)
            .with_address(libc::IFA_LOCAL, address)
            .with_address(libc::IFA_ADDRESS, address)
            .with_some(libc::IFA_FLAGS, unasked);
        self.socket.request(&message, NLM_F_CREATE | NLM_F_EXCL).map(drop)
    }

    /// Brings an interface up.
    ///
    /// # Errors
    /// No rights here; ENETDOWN where it stands on one that is down.
    pub fn up(&self, index: u32, name: &str, changes: &str) -> Result<(), Failure> {
        self.socket.step(
            format_args!("RTM_SETLINK({name} up {})", self.name),
            changes,
            &Message::flags(libc::RTM_SETLINK, index, libc::IFF_UP),
            0,
            |errno| hint::up(errno, name),
        )
    }

    /// Waits until an interface that was brought up carries packets, if it is connected: the kernel says so a moment later.
    ///
    /// # Errors
    /// The kernel could not be asked.
    pub fn wait_for(&self, index: u32) -> Result<(), Failure> {
        let begin = Instant::now();
        let ask =
            || quietly(format_args!("RTM_GETLINK({index} {})", self.name), || Interface::numbered(&self.socket, index));
        while ask()?.is_some_and(|interface| interface.settling) && begin.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }

    /// Adds a route.
    ///
    /// # Errors
    /// Nothing here reaches the next hop; there is such a route already.
    pub fn route(&self, route: &Route, dev: Option<u32>) -> Result<(), Failure> {
        let message = Message::route(libc::RTM_NEWROUTE, route.via, route.to.prefix);
        let message = match route.to.prefix {
            0 => message,
            _ => message.with_address(libc::RTA_DST, route.to.address),
        };
        let message =
            message.with_address(libc::RTA_GATEWAY, route.via).with_some(libc::RTA_OIF, dev.map(u32::to_ne_bytes));
        next(format_args!("a route to {}", route.to));
        let over = route.dev.as_ref().map_or(String::new(), |dev| format!(" dev {dev}"));
        self.socket.step(
            format_args!("RTM_NEWROUTE({} via {}{over})", route.to, route.via),
            "packets for there, from whoever is in here, go to that next hop",
            &message,
            NLM_F_CREATE | NLM_F_EXCL,
            |errno| hint::route(errno, route),
        )
    }
}

/// A network namespace, as rtnetlink names one.
pub enum Place {
    /// That of a process.
    Of(u32),
    /// That of a descriptor.
    Named(RawFd),
}
