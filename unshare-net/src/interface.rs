//! What the kernel tells of one interface.

use crate::message::{Message, attributes};
use crate::rtnetlink::Rtnetlink;
use nix::errno::Errno;
use nix::libc;
use std::net::Ipv6Addr;

/// What the kernel tells of one interface: struct ifinfomsg and a few attributes, rtnetlink(7).
#[derive(Debug, Clone, Default)]
pub struct Interface {
    /// Its number in its namespace.
    pub index: u32,
    /// Its name, which may be another than it was asked for by.
    pub name: String,
    /// `veth`, `bridge`, `macvlan`; a physical one has none.
    pub kind: Option<String>,
    /// Is it set up (IFF_UP)?
    pub up: bool,
    /// The number of the interface that it is paired with, or stands on.
    pub peer: Option<u32>,
    /// Where that one is, if in another namespace: its number here, or -1 where it has none, as a dying one.
    pub peer_namespace: Option<i32>,
    /// Is it connected (IFF_LOWER_UP), and packets don't pass yet (IFF_RUNNING)?
    pub settling: bool,
    /// The link-local address that the kernel will give it when it comes up, if it will.
    pub link_local: Option<Ipv6Addr>,
}

impl Interface {
    /// Asks for the interface of this name; `None` if there is none.
    ///
    /// # Errors
    /// What the kernel answered, other than that.
    pub fn named(socket: &Rtnetlink, name: &str) -> nix::Result<Option<Self>> {
        Interface::ask(socket, Message::link(libc::RTM_GETLINK, 0).with_text(libc::IFLA_IFNAME, name))
    }

    /// Asks for the interface of this number; `None` if there is none.
    ///
    /// # Errors
    /// What the kernel answered, other than that.
    pub fn numbered(socket: &Rtnetlink, index: u32) -> nix::Result<Option<Self>> {
        Interface::ask(socket, Message::link(libc::RTM_GETLINK, index))
    }

    fn ask(socket: &Rtnetlink, message: Message) -> nix::Result<Option<Self>> {
        match socket.request(&message, 0) {
            Ok(answers) => answers.first().and_then(|bytes| Interface::read(bytes)).ok_or(Errno::EBADMSG).map(Some),
            Err(Errno::ENODEV) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        // struct ifinfomsg: family, pad, type (2), index (4), flags (4), change (4).
        const HEADER: usize = 16;
        let ethernet = u16::from_ne_bytes(*bytes.get(2..)?.first_chunk()?) == libc::ARPHRD_ETHER;
        let index = u32::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
        let flags = i32::from_ne_bytes(*bytes.get(8..)?.first_chunk()?);
        let up = flags & libc::IFF_UP != 0;
        let settling = flags & (libc::IFF_LOWER_UP | libc::IFF_RUNNING) == libc::IFF_LOWER_UP;
        let mut interface = Interface { index, up, settling, ..Interface::default() };
        let (mut mac, mut eui64) = (None, false);
        for (kind, value) in attributes(bytes.get(HEADER..)?) {
            match kind {
                libc::IFLA_ADDRESS => mac = <[u8; 6]>::try_from(value).ok(),
                libc::IFLA_IFNAME => interface.name = text(value),
                libc::IFLA_LINK => interface.peer = number(value).map(|index: i32| index as u32),
                libc::IFLA_LINK_NETNSID => interface.peer_namespace = number(value),
                libc::IFLA_LINKINFO => {
                    interface.kind =
                        attributes(value).find(|(kind, _)| *kind == libc::IFLA_INFO_KIND).map(|(_, v)| text(v));
                }
                libc::IFLA_AF_SPEC => eui64 = makes_eui64(value),
                _ => {}
            }
        }
        // An ipvlan has its parent's hardware address, and makes its own from more than that.
        let own = !matches!(interface.kind.as_deref(), Some("ipvlan" | "ipvtap"));
        interface.link_local = mac.filter(|_| ethernet && eui64 && own).map(eui64_address);
        Some(interface)
    }

    /// What to call it in a message: `interface 7, a bridge`.
    pub fn describe(&self) -> String {
        match self.kind.as_deref() {
            Some(kind) => format!("interface {}, a {kind}", self.index),
            None => format!("interface {}, of no virtual kind", self.index),
        }
    }
}

/// Does the kernel make the link-local address from the hardware address (IN6_ADDR_GEN_MODE_EUI64)?
fn makes_eui64(af_spec: &[u8]) -> bool {
    const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
    attributes(af_spec)
        .filter(|(family, _)| i32::from(*family) == libc::AF_INET6)
        .flat_map(|(_, value)| attributes(value))
        .any(|attribute| attribute == (IFLA_INET6_ADDR_GEN_MODE, &[0]))
}

/// RFC 4291, appendix A.
fn eui64_address([a, b, c, d, e, f]: [u8; 6]) -> Ipv6Addr {
    Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}

fn number(value: &[u8]) -> Option<i32> {
    Some(i32::from_ne_bytes(value.try_into().ok()?))
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.strip_suffix(&[0]).unwrap_or(value)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_local_of_a_mac() {
        assert_eq!(eui64_address([2, 0, 0, 0, 0, 0x17]).to_string(), "fe80::ff:fe00:17");
    }
}
