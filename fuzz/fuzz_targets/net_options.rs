//! The grammar of unshare-net's options, on any bytes: a line an option, as in `--veth host=v0`. It must not panic, and
//! what it accepts must be what it promises to the kernel.
#![cfg_attr(fuzzing, no_main)]

mod driver;

#[path = "../../unshare-net/src/spec/mod.rs"]
mod spec;

use spec::{Cidr, Move, Name, Route, Veth};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Reads one line of options. Gives how many were accepted.
fn read(data: &[u8]) -> usize {
    let (mut veths, mut moves, mut routes) = (Vec::new(), Vec::new(), Vec::new());
    for line in data.split(|b| *b == b'\n') {
        let at = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
        let text = OsStr::from_bytes(line.get(at + 1..).unwrap_or_default());
        match &line[..at] {
            b"--veth" => veths.extend(said(Veth::parse(text))),
            b"--move" => moves.extend(said(Move::parse(text))),
            b"--route" => routes.extend(said(Route::parse(text))),
            _ => {}
        }
    }
    for veth in &veths {
        veth.bridge.iter().chain([&veth.host, &veth.name]).for_each(name);
        veth.addresses.iter().chain(&veth.host_addresses).for_each(address);
        assert!(veth.mtu.is_none_or(|mtu| (68..=65535).contains(&mtu)));
        assert!(veth.mac.is_none_or(|mac| mac.0[0] & 1 == 0 && mac.0 != [0; 6]));
        assert!(!veth.name.is_loopback());
    }
    for one in &moves {
        [&one.source, &one.name].into_iter().for_each(name);
        one.addresses.iter().for_each(address);
    }
    for route in &routes {
        route.dev.iter().for_each(name);
        assert_eq!(route.to.address.is_ipv4(), route.via.is_ipv4());
        let dev = route.dev.as_ref().map_or(String::new(), |dev| format!(",dev={dev}"));
        let again = format!("{},via={}{dev}", route.to, route.via);
        assert_eq!(said(Route::parse(OsStr::new(&again))).as_ref(), Some(route), "{again}");
    }
    let _ = said(spec::check(&veths, &moves, &routes));
    veths.len() + moves.len() + routes.len()
}

/// A refusal is one line of printable characters.
fn said<T>(result: Result<T, common::failure::Failure>) -> Option<T> {
    result.map_err(|failure| assert!(!failure.to_string().contains(char::is_control), "{failure:?}")).ok()
}

fn name(name: &Name) {
    assert!((1..=15).contains(&name.as_str().len()));
    assert!(!name.as_str().bytes().any(|b| b"/:% \t\n\r\x0b\x0c\xa0\0".contains(&b)));
    assert!(name.as_str() != "." && name.as_str() != "..");
}

fn address(cidr: &Cidr) {
    let longest = if cidr.address.is_ipv4() { 32 } else { 128 };
    assert!((1..=longest).contains(&cidr.prefix));
    assert!(cidr.contains(cidr.address));
}

driver::target!(
    read,
    [
        "--veth ",
        "--move ",
        "--route ",
        "host=",
        "name=",
        "address=",
        "host-address=",
        "bridge=",
        "mac=",
        "mtu=",
        "via=",
        "dev=",
        "default",
        "eth0",
        "lo",
        "10.0.0.2/24",
        "fd00::2/64",
        "0.0.0.0/0",
        "::/0",
        "255.255.255.255/32",
        "fe80::1",
        "::ffff:1.2.3.4/128",
        "02:00:00:00:00:01",
        "1280",
    ]
);
