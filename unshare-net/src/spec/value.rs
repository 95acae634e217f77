//! The values of the grammar: names, addresses, networks, hardware addresses, sizes.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The smallest MTU with which the kernel does IPv6 on an interface.
pub const IPV6_MTU: u32 = 1280;

/// A name that the kernel takes for an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Checks a name as the kernel does, before anything is made.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(text: &str) -> Result<Self, String> {
        /// IFNAMSIZ without the final NUL.
        const LONGEST: usize = 15;
        match text {
            "" => return Err("the name is empty".to_owned()),
            "." | ".." => return Err("no interface can have that name".to_owned()),
            // The kernel keeps these two for its settings of every interface, and of those to come.
            "all" | "default" => return Err("the kernel keeps that name for itself".to_owned()),
            _ => {}
        }
        if text.len() > LONGEST {
            return Err(format!(
                "the name has {} bytes, more than {LONGEST}; alternative names are not taken",
                text.len()
            ));
        }
        // The kernel takes byte 0xa0 for white space, also within a character; `%d` would be a pattern to it.
        let wrong = |b: u8| b.is_ascii_whitespace() || b.is_ascii_control() || matches!(b, b'/' | b':' | b'%' | 0xa0);
        if text.bytes().any(wrong) {
            return Err("a name has no white space, '/', ':' or '%' in it".to_owned());
        }
        // The kernel would take it, and every message that tells the name would carry it to a terminal.
        if common::text::harmless(text) != text {
            return Err("a name has no control character in it, nor one that hides".to_owned());
        }
        Ok(Name(text.to_owned()))
    }

    /// A name for what is new inside, where the loopback is already.
    pub fn inside(text: &str) -> Result<Self, String> {
        match Name::new(text)? {
            name if name.is_loopback() => Err("that is the loopback's name".to_owned()),
            name => Ok(name),
        }
    }

    /// What the end inside is called, unless told otherwise.
    pub fn eth0() -> Self {
        Name("eth0".to_owned())
    }

    /// Is it the loopback interface, which every namespace has?
    pub fn is_loopback(&self) -> bool {
        self.0 == "lo"
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address and the length of its network's prefix in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// The address, with its host bits.
    pub address: IpAddr,
    /// How many bits name the network: 0 to 32, or 0 to 128.
    pub prefix: u8,
}

impl Cidr {
    /// An interface's address in its network: 10.0.0.2/24.
    ///
    /// # Errors
    /// What is wrong with it, or why no interface can have it.
    pub fn of_interface(text: &str) -> Result<Self, String> {
        let cidr = Cidr::parse(text)?;
        if cidr.prefix == 0 {
            return Err("with a prefix length of 0 every address there is would be a neighbour".to_owned());
        }
        if cidr.address.is_unspecified() || cidr.address.is_multicast() {
            return Err("no interface can have this address".to_owned());
        }
        Ok(cidr)
    }

    /// A network: 10.0.0.0/24.
    ///
    /// # Errors
    /// What is wrong with it; bits that are set after the prefix.
    pub fn of_network(text: &str) -> Result<Self, String> {
        let cidr = Cidr::parse(text)?;
        match cidr.network() {
            network if network == cidr => Ok(cidr),
            network => Err(format!("bits are set after the prefix; the network is {network}")),
        }
    }

    /// The network of the default route, in the family of its next hop.
    pub fn everything(via: IpAddr) -> Self {
        let address = if via.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        Cidr { address, prefix: 0 }
    }

    /// Is this address in the network?
    pub fn contains(self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && self.network() == Cidr { address, ..self }.network()
    }

    fn network(self) -> Self {
        let address = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                Ipv4Addr::from_bits(address.to_bits() & mask).into()
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
        };
        Cidr { address, ..self }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (left, right) = text.split_once('/').ok_or("the prefix length is missing, as in 10.0.0.2/24")?;
        let address = address(left)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        match number(right) {
            Some(prefix) if prefix <= longest => Ok(Cidr { address, prefix: prefix as u8 }),
            _ => Err(format!("the prefix length is a number from 0 to {longest}")),
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The hardware address of one interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Reads `02:00:00:00:00:01`.
    ///
    /// # Errors
    /// What is wrong with it, or why no interface can have it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "expected six bytes, as in 02:00:00:00:00:01".to_owned();
        let mut bytes = [0; 6];
        let mut words = text.split(':');
        for byte in &mut bytes {
            let word = words.next().filter(|word| word.len() == 2 && word.bytes().all(|b| b.is_ascii_hexdigit()));
            *byte = u8::from_str_radix(word.ok_or_else(wrong)?, 16).map_err(|_| wrong())?;
        }
        if words.next().is_some() {
            return Err(wrong());
        }
        if bytes[0] & 1 == 1 {
            return Err("this is a group's address: the first byte is odd".to_owned());
        }
        if bytes == [0; 6] {
            return Err("all zeros is no address".to_owned());
        }
        Ok(Mac(bytes))
    }
}

/// The largest packet of an Ethernet-like interface, in bytes.
pub fn mtu(text: &str) -> Result<u32, String> {
    const RANGE: std::ops::RangeInclusive<u32> = 68..=65535;
    number(text)
        .filter(|size| RANGE.contains(size))
        .ok_or_else(|| format!("expected bytes, {} to {}", RANGE.start(), RANGE.end()))
}

/// An address of either family.
pub fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| format!("'{text}' is no IPv4 or IPv6 address"))
}

/// Digits alone: the standard reader takes a '+' too.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}
