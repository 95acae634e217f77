//! The messages of rtnetlink(7): a header, then attributes. Packed and read here, five headers and some twenty kinds of
//! attributes: a crate for all that the kernel has would be a sixth of the program.

use netlink_packet_core::NetlinkSerializable;
use nix::libc::{self, c_int};
use std::net::IpAddr;

/// A message, without the frame in which it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    kind: u16,
    bytes: Vec<u8>,
}

impl NetlinkSerializable for &Message {
    fn message_type(&self) -> u16 {
        self.kind
    }

    fn buffer_len(&self) -> usize {
        self.bytes.len()
    }

    fn serialize(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.bytes);
    }
}

impl Message {
    /// A message as the kernel told it, which it takes back in the same form.
    pub fn told(kind: u16, bytes: Vec<u8>) -> Self {
        Message { kind, bytes }
    }

    /// About an interface, whose number is 0 if another attribute names it.
    pub fn link(kind: u16, index: u32) -> Self {
        Message::flags(kind, index, 0)
    }

    /// Sets these flags of an interface, IFF_UP and the like.
    pub fn flags(kind: u16, index: u32, flags: c_int) -> Self {
        let flags = flags.to_ne_bytes();
        // struct ifinfomsg: family, pad, type (2), index (4), flags (4), which flags (4).
        Message { kind, bytes: [[0; 4], index.to_ne_bytes(), flags, flags].concat() }
    }

    /// About an address of an interface.
    pub fn address(kind: u16, address: IpAddr, prefix: u8, index: u32) -> Self {
        // struct ifaddrmsg: family, prefix length, flags, scope, index (4).
        Message { kind, bytes: [[family(address), prefix, 0, 0], index.to_ne_bytes()].concat() }
    }

    /// About a route to a network, by the way of a next hop, in the table that everybody looks into.
    pub fn route(kind: u16, via: IpAddr, prefix: u8) -> Self {
        let fate = [libc::RT_TABLE_MAIN, libc::RTPROT_BOOT, libc::RT_SCOPE_UNIVERSE, libc::RTN_UNICAST];
        // struct rtmsg: family, prefix lengths of destination and source, tos, table, protocol, scope, type, flags (4).
        Message { kind, bytes: [[family(via), prefix, 0, 0], fate, [0; 4]].concat() }
    }

    /// Asks for all addresses or routes, of every family.
    pub fn everything(kind: u16) -> Self {
        // The longest of the headers: the kernel reads no more than its own.
        Message { kind, bytes: vec![0; 12] }
    }

    /// About the number that another network namespace has in this one.
    pub fn nsid(kind: u16) -> Self {
        // struct rtgenmsg: family, and filled up.
        Message { kind, bytes: vec![0; 4] }
    }

    /// With one attribute more.
    pub fn with(mut self, kind: u16, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        // Length (2), type (2), value, filled up to a border of four bytes.
        self.bytes.extend((value.len() as u16 + 4).to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    /// With an attribute more, if there is something to say.
    pub fn with_some(self, kind: u16, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.with(kind, value),
            None => self,
        }
    }

    /// With an attribute that is text, ended by a NUL.
    pub fn with_text(self, kind: u16, text: &str) -> Self {
        self.with(kind, [text.as_bytes(), &[0]].concat())
    }

    /// With an attribute that is an address.
    pub fn with_address(self, kind: u16, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => self.with(kind, address.octets()),
            IpAddr::V6(address) => self.with(kind, address.octets()),
        }
    }

    /// With attributes in an attribute: the whole of another message.
    pub fn with_nested(self, kind: u16, nested: Message) -> Self {
        self.with(kind, nested.bytes)
    }

    /// Attributes alone, to be nested.
    pub fn attributes() -> Self {
        Message { kind: 0, bytes: Vec::new() }
    }
}

fn family(address: IpAddr) -> u8 {
    (if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }) as u8
}

/// The attributes of a message: length (2), type (2), value, each on a border of four bytes. Ends at what is cut off.
pub fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    const HEADER: usize = 4;
    // The two highest bits say how a value is coded.
    const TYPE: u16 = 0x3fff;
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
        let kind = u16::from_ne_bytes(*rest.get(2..)?.first_chunk()?) & TYPE;
        let value = rest.get(HEADER..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_any_bytes() {
        let bytes = [5, 0, 1, 0x80, 7, 0, 0, 0, 6, 0, 2, 0, 8, 9];
        let seen: Vec<_> = attributes(&bytes).collect();
        assert_eq!(seen, [(1, [7].as_slice()), (2, [8, 9].as_slice())]);
        for end in 0..bytes.len() {
            assert!(attributes(&bytes[..end]).count() < 2, "cut off at {end}");
        }
        assert_eq!(attributes(&[0; 8]).count(), 0, "a length of 0 would never end");
    }
}
