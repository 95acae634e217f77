//! What an interface loses when it goes to another namespace: its addresses, and the routes over it. Kept as the bytes
//! in which the kernel told them, which are those in which it takes them back.

use crate::interface::Interface;
use crate::message::{Message, attributes};
use crate::side::Side;
use common::failure::Failure;
use common::step::{quietly, say};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL};
use nix::errno::Errno;
use nix::libc;

/// The addresses of one interface, and the routes over it.
#[derive(Clone)]
pub struct Belongings {
    addresses: Vec<Message>,
    routes: Vec<Message>,
}

impl Belongings {
    /// Asks for those of one interface.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn of(side: &Side, interface: &Interface) -> Result<Self, Failure> {
        let ask = |call: &str, kind| quietly(call, || side.socket.request(&Message::everything(kind), NLM_F_DUMP));
        let addresses = ask("RTM_GETADDR(outside)", libc::RTM_GETADDR)?;
        let routes = ask("RTM_GETROUTE(outside)", libc::RTM_GETROUTE)?;
        let those = |kind, all: Vec<Vec<u8>>, is_its: fn(&[u8], u32) -> bool| {
            all.into_iter()
                .filter(|bytes| is_its(bytes, interface.index))
                .map(|bytes| Message::told(kind, bytes))
                .collect()
        };
        Ok(Belongings {
            addresses: those(libc::RTM_NEWADDR, addresses, is_address_of),
            routes: those(libc::RTM_NEWROUTE, routes, is_route_over),
        })
    }

    /// Gives them back to the interface, which is on its side again under its old name, and brings it up if it was.
    pub fn give_back(&self, side: &Side, interface: &Interface, was_up: bool) {
        let restore = |all: &[Message]| {
            for told in all {
                // What came of itself is there already.
                match side.socket.request(told, NLM_F_CREATE | NLM_F_EXCL) {
                    Ok(_) | Err(Errno::EEXIST) => {}
                    Err(errno) => {
                        say(format_args!("{}: not all of its addresses and routes came back: {errno}", interface.name))
                    }
                }
            }
        };
        restore(&self.addresses);
        if was_up {
            match side.up(interface.index, &interface.name, "as it was") {
                Ok(()) => restore(&self.routes),
                Err(failure) => say(failure),
            }
        }
    }
}

/// struct ifaddrmsg: family, prefix length, flags, scope, index (4).
fn is_address_of(bytes: &[u8], index: u32) -> bool {
    bytes.get(4..8) == Some(&index.to_ne_bytes())
}

/// struct rtmsg: family, two lengths, tos, table, protocol, scope, type, flags (4). What the kernel makes of addresses it
/// makes again.
fn is_route_over(bytes: &[u8], index: u32) -> bool {
    const PROTOCOL: usize = 5;
    const HEADER: usize = 12;
    bytes.get(PROTOCOL).is_some_and(|protocol| *protocol != libc::RTPROT_KERNEL)
        && bytes.get(HEADER..).is_some_and(|rest| {
            attributes(rest).any(|(kind, value)| kind == libc::RTA_OIF && value == index.to_ne_bytes())
        })
}
