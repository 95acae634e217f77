//! From a refused network call to a cause and a remedy.

use crate::interface::Side;
use crate::link::Link;
use crate::spec::{Cidr, Name, Route, Veth};
use nix::errno::Errno;

/// The caller's network belongs to a user namespace in which this process has no rights.
pub fn no_rights_outside(errno: Errno) -> Option<String> {
    (errno == Errno::EPERM).then(|| {
        "needs CAP_NET_ADMIN over the caller's network: run as root, or from a network of your own \
         (unshare-user -- unshare-net -- ...); to reach the world as you are: pasta --config-net -- COMMAND, from passt"
            .to_owned()
    })
}

/// Why no pair could be made.
pub fn veth(errno: Errno, veth: &Veth, outside: &Side) -> Option<String> {
    match errno {
        Errno::EEXIST => Some(match Link::named(&outside.socket, veth.host.as_str()) {
            Ok(Some(link)) => taken(&veth.host, &link),
            _ => format!("{} is taken inside: choose another with name=NAME", veth.name),
        }),
        Errno::EOPNOTSUPP => Some("this kernel has no veth driver: modprobe veth".to_owned()),
        errno => no_rights_outside(errno),
    }
}

fn taken(name: &Name, link: &Link) -> String {
    let alias = if link.name == name.as_str() {
        String::new()
    } else {
        format!(", as an alternative name of {}", common::text::harmless(&link.name))
    };
    format!("{name} is taken by {}{alias}: choose another with host=NAME", link.describe())
}

/// Why an interface could not be moved.
pub fn moving(errno: Errno, link: &Link) -> Option<String> {
    match errno {
        Errno::EINVAL => {
            Some(format!("{} is {}: that kind stays in the namespace in which it was made", link.name, link.describe()))
        }
        errno => no_rights_outside(errno),
    }
}

/// Why an address was not taken.
pub fn address(errno: Errno, cidr: Cidr) -> Option<String> {
    let family = if cidr.address.is_ipv4() { "IPv4" } else { "IPv6" };
    match errno {
        Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT => {
            Some(format!("this kernel has no {family}: modprobe {}", family.to_ascii_lowercase()))
        }
        Errno::EACCES if cidr.address.is_ipv6() => {
            Some("IPv6 is switched off there (net.ipv6.conf.*.disable_ipv6)".to_owned())
        }
        Errno::EPERM => no_rights(),
        _ => None,
    }
}

/// Why an interface did not come up.
pub fn up(errno: Errno, name: &str) -> Option<String> {
    match errno {
        Errno::ENETDOWN => Some(format!("{name} stands on an interface that is down: bring that one up first")),
        Errno::EPERM => no_rights(),
        _ => None,
    }
}

/// Why a route was not taken.
pub fn route(errno: Errno, route: &Route) -> Option<String> {
    match errno {
        Errno::ENETUNREACH | Errno::EHOSTUNREACH => {
            Some(format!("{} is in no network that an interface inside has an address of: see address=CIDR", route.via))
        }
        Errno::EINVAL => {
            Some(format!("{} is no next hop: an address of this side's own, or of a whole network?", route.via))
        }
        Errno::EEXIST => Some(format!("there is a route to {} already", route.to)),
        Errno::EPERM => no_rights(),
        _ => None,
    }
}

fn no_rights() -> Option<String> {
    Some("no CAP_NET_ADMIN over this network namespace: a security module may have taken the capabilities (AppArmor, SELinux)".to_owned())
}
