//! One side's interfaces: make a pair, move one, give addresses, bring up, route.

use crate::hint;
use crate::link::Link;
use crate::rtnetlink::Rtnetlink;
use crate::spec::{Cidr, Name, Route, Veth};
use common::failure::{Failure, OrHint};
use common::step::{next, quietly, step};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;
use std::net::IpAddr;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

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
    pub fn find(&self, name: &Name) -> Result<Link, Failure> {
        let call = format!("RTM_GETLINK({name} {})", self.name);
        let found = quietly(&call, || Link::named(&self.socket, name.as_str()))?;
        match found {
            None => Err(Failure::refused(call, Errno::ENODEV)
                .hint(format!("there is no {name}; 'ip link' lists what there is"))),
            Some(link) if link.name != name.as_str() => Err(Failure::input(format_args!(
                "{call}: {name} is an alternative name of {}: use that one",
                common::text::harmless(&link.name)
            ))),
            Some(link) => Ok(link),
        }
    }

    /// Makes a pair, in one call: this end here, the other in the namespace of the process `pid`. So that whenever we
    /// are killed there is either nothing, or a pair that dies with that namespace. Both ends are down.
    ///
    /// # Errors
    /// The name is taken; no rights here; no such driver.
    pub fn make_veth(&self, veth: &Veth, bridge: Option<u32>, pid: u32) -> Result<(), Failure> {
        let mut peer = LinkMessage::default();
        peer.attributes.push(LinkAttribute::IfName(veth.name.as_str().to_owned()));
        peer.attributes.push(LinkAttribute::NetNsPid(pid));
        peer.attributes.extend(veth.mac.map(|mac| LinkAttribute::Address(mac.0.to_vec())));
        peer.attributes.extend(veth.mtu.map(LinkAttribute::Mtu));
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(veth.host.as_str().to_owned()));
        message.attributes.extend(veth.mtu.map(LinkAttribute::Mtu));
        message.attributes.extend(bridge.map(LinkAttribute::Controller));
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        let joins = veth.bridge.as_ref().map_or(String::new(), |bridge| format!(" in bridge {bridge}"));
        step(
            format_args!("RTM_NEWLINK(veth {} {}{joins}, peer {} inside)", veth.host, self.name, veth.name),
            "a cable with one end outside and one in here; it is gone for both when either end is",
            || {
                self.patiently(&veth.host, || {
                    let message = RouteNetlinkMessage::NewLink(message.clone());
                    self.socket.request(message, NLM_F_CREATE | NLM_F_EXCL).map(drop)
                })
            },
        )
        .or_hint(|errno| hint::veth(errno, veth, self))
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
                Err(Errno::EEXIST) => match Link::named(&self.socket, name.as_str())? {
                    Some(Link { kind: Some(kind), peer_namespace: Some(id), .. }) if kind == "veth" => {
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
        let mut message = NsidMessage::default();
        message.attributes.push(NsidAttribute::Id(id));
        match self.socket.request(RouteNetlinkMessage::GetNsId(message), 0) {
            Ok(_) => Ok(id >= 0),
            Err(Errno::ENOENT | Errno::EINVAL) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// Sends an interface of this side into another namespace, under a name that it has there.
    ///
    /// # Errors
    /// This kind stays where it was made; no rights here or there.
    pub fn send(&self, link: &Link, to: Place, name: &str) -> nix::Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = link.index;
        message.attributes.push(match to {
            Place::Of(pid) => LinkAttribute::NetNsPid(pid),
            Place::Named(fd) => LinkAttribute::NetNsFd(fd),
        });
        message.attributes.push(LinkAttribute::IfName(name.to_owned()));
        self.socket.request(RouteNetlinkMessage::SetLink(message), 0).map(drop)
    }

    /// Removes an interface of this side.
    ///
    /// # Errors
    /// It is gone already.
    pub fn remove(&self, index: u32) -> nix::Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        self.socket.request(RouteNetlinkMessage::DelLink(message), 0).map(drop)
    }

    /// Gives an interface its addresses, and brings it up. Nobody is asked whether an address is in use (duplicate
    /// address detection): they work at once, where the question would take a second or two.
    ///
    /// # Errors
    /// Which address was refused, or that the interface does not come up.
    pub fn configure(&self, link: &Link, addresses: &[Cidr]) -> Result<(), Failure> {
        if let Some(address) = link.link_local {
            // The kernel would make this very address, and ask. Where IPv6 is switched off there is none.
            let _ = self.add(link.index, Cidr { address: address.into(), prefix: 64 });
        }
        next(format_args!("{} {} is to get its addresses, and to be switched on", link.name, self.name));
        for cidr in addresses {
            step(
                format_args!("RTM_NEWADDR({cidr} on {} {})", link.name, self.name),
                format_args!("{} is an address of it, for who is on that side and for the other end", cidr.address),
                || self.add(link.index, *cidr),
            )
            .or_hint(|errno| hint::address(errno, *cidr))
            .or_hint(|_| self.socket.said())?;
        }
        self.up(link.index, &link.name, "packets pass through it")
    }

    fn add(&self, index: u32, cidr: Cidr) -> nix::Result<()> {
        let mut message = AddressMessage::default();
        message.header.family = family(cidr.address);
        message.header.prefix_len = cidr.prefix;
        message.header.index = index;
        message.attributes.push(AddressAttribute::Local(cidr.address));
        message.attributes.push(AddressAttribute::Address(cidr.address));
        if cidr.address.is_ipv6() {
            message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
        self.socket.request(RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL).map(drop)
    }

    /// Brings an interface up.
    ///
    /// # Errors
    /// No rights here; ENETDOWN where it stands on one that is down.
    pub fn up(&self, index: u32, name: &str, changes: &str) -> Result<(), Failure> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        self.socket.step(
            format_args!("RTM_SETLINK({name} up {})", self.name),
            changes,
            RouteNetlinkMessage::SetLink(message),
            0,
            |errno| hint::up(errno, name),
        )
    }

    /// Waits until an interface that was brought up carries packets: the kernel says so a moment later.
    pub fn wait_for(&self, index: u32) {
        let begin = Instant::now();
        while Link::numbered(&self.socket, index).is_ok_and(|link| link.is_some_and(|link| link.up && !link.carries))
            && begin.elapsed() < Duration::from_secs(1)
        {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Adds a route.
    ///
    /// # Errors
    /// Nothing here reaches the next hop; there is such a route already.
    pub fn route(&self, route: &Route, dev: Option<u32>) -> Result<(), Failure> {
        let address = |address| match address {
            IpAddr::V4(address) => RouteAddress::Inet(address),
            IpAddr::V6(address) => RouteAddress::Inet6(address),
        };
        let mut message = RouteMessage::default();
        message.header.address_family = family(route.via);
        message.header.destination_prefix_length = route.to.prefix;
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Boot;
        message.header.scope = RouteScope::Universe;
        message.header.kind = RouteType::Unicast;
        if route.to.prefix > 0 {
            message.attributes.push(RouteAttribute::Destination(address(route.to.address)));
        }
        message.attributes.push(RouteAttribute::Gateway(address(route.via)));
        message.attributes.extend(dev.map(RouteAttribute::Oif));
        next(format_args!("a route to {}", route.to));
        let over = route.dev.as_ref().map_or(String::new(), |dev| format!(" dev {dev}"));
        self.socket.step(
            format_args!("RTM_NEWROUTE({} via {}{over})", route.to, route.via),
            "packets for there, from whoever is in here, go to that next hop",
            RouteNetlinkMessage::NewRoute(message),
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

fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}
