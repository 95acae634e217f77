//! The grammar of `--veth`, `--move` and `--route`: words joined by commas. Pure: nothing here asks the system.

mod value;

use common::failure::Failure;
use common::text::quoted;
use std::ffi::OsStr;
use std::net::IpAddr;
pub use value::{Cidr, Mac, Name};
use value::{address, mtu};

/// `--veth`: a pair, one end inside, the other with the caller.
#[derive(Debug, PartialEq, Eq)]
pub struct Veth {
    /// The end that stays with the caller.
    pub host: Name,
    /// The end inside.
    pub name: Name,
    /// The addresses of the end inside.
    pub addresses: Vec<Cidr>,
    /// The addresses of the caller's end.
    pub host_addresses: Vec<Cidr>,
    /// The bridge that the caller's end joins.
    pub bridge: Option<Name>,
    /// The hardware address of the end inside.
    pub mac: Option<Mac>,
    /// The largest packet in bytes, the same for both ends: between two sizes packets would be lost.
    pub mtu: Option<u32>,
}

/// `--move`: an interface of the caller's that goes in.
#[derive(Debug, PartialEq, Eq)]
pub struct Move {
    /// Its name with the caller.
    pub source: Name,
    /// Its name inside.
    pub name: Name,
    /// Its addresses inside.
    pub addresses: Vec<Cidr>,
}

/// `--route`: the next hop of a network, inside.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// The network; `default` is `0.0.0.0/0` or `::/0`.
    pub to: Cidr,
    /// The next hop.
    pub via: IpAddr,
    /// The interface behind which the next hop is, where its address doesn't say so.
    pub dev: Option<Name>,
}

impl Veth {
    /// Reads `host=NAME[,name=eth0][,address=CIDR]...[,host-address=CIDR]...[,bridge=NAME][,mac=...][,mtu=...]`.
    ///
    /// # Errors
    /// Which word is wrong, and why.
    pub fn parse(text: &OsStr) -> Result<Self, Failure> {
        named("--veth", text, |text| {
            let (mut host, mut name, mut bridge, mut mac, mut size) = (None, None, None, None, None);
            let (mut addresses, mut host_addresses) = (Vec::new(), Vec::new());
            for word in text.split(',') {
                match pair(word)? {
                    ("host", value) => once(&mut host, word, Name::new(value))?,
                    ("name", value) => once(&mut name, word, Name::inside(value))?,
                    ("address", value) => add(&mut addresses, word, Cidr::of_interface(value))?,
                    ("host-address", value) => add(&mut host_addresses, word, Cidr::of_interface(value))?,
                    ("bridge", value) => once(&mut bridge, word, Name::new(value))?,
                    ("mac", value) => once(&mut mac, word, Mac::parse(value))?,
                    ("mtu", value) => once(&mut size, word, mtu(value))?,
                    (key, _) => {
                        return Err(unknown(key, "host, name, address, host-address, bridge, mac, mtu"));
                    }
                }
            }
            let host = host.ok_or("host=NAME is missing: the name of the end that stays outside")?;
            if size.is_some_and(|size| size < value::IPV6_MTU)
                && addresses.iter().chain(&host_addresses).any(|cidr| cidr.address.is_ipv6())
            {
                return Err(format!("IPv6 needs an mtu of {} or more", value::IPV6_MTU));
            }
            let name = name.unwrap_or_else(Name::eth0);
            Ok(Veth { host, name, addresses, host_addresses, bridge, mac, mtu: size })
        })
    }
}

impl Move {
    /// Reads `NAME[,name=...][,address=CIDR]...`.
    ///
    /// # Errors
    /// Which word is wrong, and why.
    pub fn parse(text: &OsStr) -> Result<Self, Failure> {
        named("--move", text, |text| {
            let mut words = text.split(',');
            let source = words.next().unwrap_or_default();
            let source = Name::inside(source).map_err(|why| format!("{source}: {why}"))?;
            let (mut name, mut addresses) = (None, Vec::new());
            for word in words {
                match pair(word)? {
                    ("name", value) => once(&mut name, word, Name::inside(value))?,
                    ("address", value) => add(&mut addresses, word, Cidr::of_interface(value))?,
                    (key, _) => return Err(unknown(key, "name, address")),
                }
            }
            let name = name.unwrap_or_else(|| source.clone());
            Ok(Move { source, name, addresses })
        })
    }
}

impl Route {
    /// Reads `CIDR|default,via=ADDRESS[,dev=NAME]`.
    ///
    /// # Errors
    /// Which word is wrong, and why.
    pub fn parse(text: &OsStr) -> Result<Self, Failure> {
        named("--route", text, |text| {
            let mut words = text.split(',');
            let to = words.next().unwrap_or_default();
            let (mut via, mut dev) = (None, None);
            for word in words {
                match pair(word)? {
                    ("via", value) => once(&mut via, word, address(value))?,
                    ("dev", value) => once(&mut dev, word, Name::new(value))?,
                    (key, _) => return Err(unknown(key, "via, dev")),
                }
            }
            let via = via.ok_or("via=ADDRESS is missing: the next hop")?;
            let to = match to {
                "default" => Cidr::everything(via),
                to => Cidr::of_network(to).map_err(|why| format!("{to}: {why}"))?,
            };
            if to.address.is_ipv4() != via.is_ipv4() {
                return Err(format!("{to} and {via} are of different families"));
            }
            if matches!(via, IpAddr::V6(via) if via.is_unicast_link_local()) && dev.is_none() {
                return Err(format!("{via} is behind any interface: say which with dev=NAME"));
            }
            Ok(Route { to, via, dev })
        })
    }
}

/// What the whole line may not do: use a name twice, route over an interface that nobody makes.
///
/// # Errors
/// Which name.
pub fn check(veths: &[Veth], moves: &[Move], routes: &[Route]) -> Result<(), Failure> {
    let twice = |names: Vec<&Name>| {
        names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| (*name).clone())
    };
    let inside: Vec<&Name> = veths.iter().map(|veth| &veth.name).chain(moves.iter().map(|one| &one.name)).collect();
    if let Some(name) = twice(inside.clone()) {
        return Err(Failure::input(format_args!(
            "two interfaces inside would be named {name}: tell them apart with name=NAME"
        )));
    }
    if let Some(name) = twice(veths.iter().map(|veth| &veth.host).collect()) {
        return Err(Failure::input(format_args!("--veth: host={name} stands twice")));
    }
    if let Some(name) = twice(moves.iter().map(|one| &one.source).collect()) {
        return Err(Failure::input(format_args!("--move: {name} stands twice")));
    }
    routes.iter().try_for_each(|route| next_hop(route, veths, moves))
}

/// A next hop has to be a neighbour: in the network of an address inside, and not that address.
fn next_hop(route: &Route, veths: &[Veth], moves: &[Move]) -> Result<(), Failure> {
    let wrong = |why: String| Err(Failure::input(format_args!("--route: {why}")));
    let interfaces = veths.iter().map(|veth| (&veth.name, &veth.addresses));
    let interfaces: Vec<_> = interfaces.chain(moves.iter().map(|one| (&one.name, &one.addresses))).collect();
    let via = route.via;
    if let Some(dev) = &route.dev {
        if !interfaces.iter().any(|(name, _)| *name == dev) {
            return wrong(format!("dev={dev}: no --veth or --move brings that one in"));
        }
    }
    if interfaces.iter().any(|(_, addresses)| addresses.iter().any(|cidr| cidr.address == via)) {
        return wrong(format!("via={via}: that is an address inside, and no next hop"));
    }
    let here = |name: &Name| route.dev.as_ref().is_none_or(|dev| dev == name);
    let near = |cidr: &Cidr| cidr.contains(via);
    let link_local = matches!(via, IpAddr::V6(via) if via.is_unicast_link_local());
    if !link_local && !interfaces.iter().any(|(name, addresses)| here(name) && addresses.iter().any(near)) {
        return wrong(format!("via={via}: no interface there has an address in that network: see address=CIDR"));
    }
    Ok(())
}

fn named<T>(option: &str, text: &OsStr, read: impl FnOnce(&str) -> Result<T, String>) -> Result<T, Failure> {
    text.to_str()
        .ok_or_else(|| "not UTF-8".to_owned())
        .and_then(read)
        .map_err(|why| Failure::input(format_args!("{option} {}: {}", quoted(text), common::text::harmless(&why))))
}

fn pair(word: &str) -> Result<(&str, &str), String> {
    word.split_once('=').ok_or_else(|| format!("'{word}' is no KEY=VALUE"))
}

fn unknown(key: &str, known: &str) -> String {
    format!("no such key: '{key}' (there are: {known})")
}

fn once<T>(place: &mut Option<T>, word: &str, value: Result<T, String>) -> Result<(), String> {
    let value = value.map_err(|why| format!("{word}: {why}"))?;
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{word}: this key stands twice")),
    }
}

fn add(list: &mut Vec<Cidr>, word: &str, value: Result<Cidr, String>) -> Result<(), String> {
    let value = value.map_err(|why| format!("{word}: {why}"))?;
    if list.iter().any(|other| other.address == value.address) {
        return Err(format!("{word}: this address stands twice"));
    }
    list.push(value);
    Ok(())
}
