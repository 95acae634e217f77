//! From a refused network call to a cause and a remedy.

pub mod table;

use crate::interface::Interface;
use crate::rtnetlink::Rtnetlink;
use crate::spec::{Cidr, Name, Route, Veth};
use common::hint::table::Cause;
use nix::errno::Errno;

/// The caller's network belongs to a user namespace in which this process has no rights.
pub fn no_rights_outside(errno: Errno) -> Option<String> {
    if errno == Errno::EPERM { table::NO_RIGHTS_OUTSIDE.with([]).into() } else { None }
}

/// Why no pair could be made.
pub fn veth(errno: Errno, veth: &Veth, outside: &Rtnetlink) -> Option<String> {
    match errno {
        Errno::EEXIST => match Interface::named(outside, veth.host.as_str()) {
            Ok(Some(interface)) => taken(&veth.host, &interface).into(),
            _ => table::NAME_TAKEN.with([veth.name.as_str()]).into(),
        },
        Errno::EOPNOTSUPP => table::NO_VETH.with([]).into(),
        errno => no_rights_outside(errno),
    }
}

fn taken(name: &Name, interface: &Interface) -> Cause {
    let alias = if interface.name == name.as_str() {
        String::new()
    } else {
        format!(", as an alternative name of {}", common::text::harmless(&interface.name))
    };
    table::HOST_NAME_TAKEN.with([name.as_str(), &(interface.describe() + &alias)])
}

/// Why an interface could not be moved.
pub fn moving(errno: Errno, interface: &Interface) -> Option<String> {
    match errno {
        Errno::EINVAL => table::IMMOVABLE.with([&interface.name, &interface.describe()]).into(),
        errno => no_rights_outside(errno),
    }
}

/// Why an address was not taken.
pub fn address(errno: Errno, cidr: Cidr) -> Option<String> {
    let family = if cidr.address.is_ipv4() { "IPv4" } else { "IPv6" };
    match errno {
        Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT if cidr.address.is_ipv6() && is_ipv6_left_out() => {
            table::IPV6_LEFT_OUT.with([]).into()
        }
        Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT => table::NO_FAMILY.with([family, &family.to_ascii_lowercase()]).into(),
        Errno::EACCES if cidr.address.is_ipv6() => table::IPV6_OFF.with([]).into(),
        Errno::EPERM => no_rights(),
        _ => None,
    }
}

/// The module is there then, and refuses all.
fn is_ipv6_left_out() -> bool {
    std::fs::read_to_string("/sys/module/ipv6/parameters/disable").is_ok_and(|value| value.trim_end() == "1")
}

/// Why an interface did not come up.
pub fn up(errno: Errno, name: &str) -> Option<String> {
    match errno {
        Errno::ENETDOWN => table::LOWER_IS_DOWN.with([name]).into(),
        Errno::EPERM => no_rights(),
        _ => None,
    }
}

/// Why a route was not taken.
pub fn route(errno: Errno, route: &Route) -> Option<String> {
    match errno {
        Errno::ENETUNREACH | Errno::EHOSTUNREACH => table::NO_WAY.with([&route.via.to_string()]).into(),
        Errno::EINVAL => table::NO_NEXT_HOP.with([&route.via.to_string()]).into(),
        Errno::EEXIST => table::ROUTE_EXISTS.with([&route.to.to_string()]).into(),
        Errno::EPERM => no_rights(),
        _ => None,
    }
}

fn no_rights() -> Option<String> {
    table::NO_RIGHTS_INSIDE.with([]).into()
}
