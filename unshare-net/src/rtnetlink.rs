//! One rtnetlink(7) socket: ask the kernel, and wait for its answer.

use common::failure::errno_of;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use std::convert::Infallible;

/// A socket that speaks to the network namespace in which it was opened, wherever this process goes later.
pub struct Rtnetlink {
    socket: Socket,
}

/// What the kernel tells, as bytes: the few attributes that we look at don't need the readers of all kinds of message.
#[allow(dead_code)]
pub struct Answer(pub Vec<u8>);

impl NetlinkDeserializable for Answer {
    type Error = Infallible;

    fn deserialize(_: &NetlinkHeader, payload: &[u8]) -> Result<Self, Infallible> {
        Ok(Answer(payload.to_vec()))
    }
}

impl Rtnetlink {
    /// Opens one to the network namespace that this process is in now.
    ///
    /// # Errors
    /// socket(2): EPROTONOSUPPORT where the kernel has no netlink, EACCES or EPERM from a filter.
    pub fn open() -> nix::Result<Self> {
        let socket = Socket::new(NETLINK_ROUTE).map_err(errno_of)?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(errno_of)?;
        Ok(Rtnetlink { socket })
    }

    /// Has the kernel do one thing, and waits until it did. `flags`: `NLM_F_CREATE` and the like.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn request(&self, message: RouteNetlinkMessage, flags: u16) -> nix::Result<Vec<Answer>> {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        let mut request = NetlinkMessage::new(header, NetlinkPayload::from(message));
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.socket.send(&bytes, 0).map_err(errno_of)?;
        let mut answers = Vec::new();
        loop {
            let (datagram, _) = self.socket.recv_from_full().map_err(errno_of)?;
            let mut rest = datagram.as_slice();
            while !rest.is_empty() {
                let answer = NetlinkMessage::<Answer>::deserialize(rest).map_err(|_| Errno::EBADMSG)?;
                let length = (answer.header.length as usize).next_multiple_of(4);
                rest = rest.get(length..).unwrap_or_default();
                match answer.payload {
                    NetlinkPayload::InnerMessage(message) => answers.push(message),
                    NetlinkPayload::Error(error) => match error.code {
                        None => return Ok(answers),
                        Some(code) => return Err(Errno::from_raw(-code.get())),
                    },
                    NetlinkPayload::Done(_) => return Ok(answers),
                    _ => {}
                }
            }
        }
    }
}
