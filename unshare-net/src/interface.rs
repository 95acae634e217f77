//! Interfaces: bring one up.

use crate::rtnetlink::Rtnetlink;
use common::failure::Failure;
use common::step::step;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkFlags, LinkMessage};

/// The loopback interface is the first of every namespace.
const LOOPBACK: u32 = 1;

/// Brings the loopback interface up; the kernel gives it 127.0.0.1 and ::1.
///
/// # Errors
/// EPERM: this process has no rights over its network namespace.
pub fn loopback_up(inside: &Rtnetlink) -> Result<(), Failure> {
    step("rtnetlink(set lo up)", "127.0.0.1 and ::1 answer inside, and are not the host's", || {
        let mut message = LinkMessage::default();
        message.header.index = LOOPBACK;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        inside.request(RouteNetlinkMessage::SetLink(message), 0).map(drop)
    })
}
