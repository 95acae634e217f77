//! One rtnetlink(7) socket: ask the kernel, and wait for its answer.

use crate::link::attributes;
use common::failure::{Failure, OrHint, errno_of};
use common::step::{quietly, step};
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload, NetlinkSerializable,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt;

/// A socket that speaks to the network namespace in which it was opened, wherever this process goes later.
pub struct Rtnetlink {
    socket: Socket,
    /// What the kernel said about the last refusal.
    said: RefCell<Option<String>>,
}

/// What the kernel tells, as bytes: the few attributes that we look at don't need the readers of every kind of message,
/// which would be a fifth of the program.
struct Answer(Vec<u8>);

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
    /// socket(2): EPROTONOSUPPORT where the kernel has no netlink, EPERM from a filter.
    pub fn open() -> Result<Self, Failure> {
        // Until netlink-sys 0.9 the options want a mutable one.
        #[allow(unused_mut)]
        let mut socket = quietly("socket(NETLINK_ROUTE)", || Socket::new(NETLINK_ROUTE).map_err(errno_of))?;
        quietly("connect(NETLINK_ROUTE)", || socket.connect(&SocketAddr::new(0, 0)).map_err(errno_of))?;
        quietly("setsockopt(NETLINK_EXT_ACK, NETLINK_CAP_ACK)", || {
            socket.set_ext_ack(true).and_then(|()| socket.set_cap_ack(true)).map_err(errno_of)
        })?;
        Ok(Rtnetlink { socket, said: RefCell::default() })
    }

    /// Performs one step over this socket. `hint` finds the cause of a refusal; else it is what the kernel says.
    ///
    /// # Errors
    /// The refused call under its name.
    pub fn step(
        &self,
        call: impl fmt::Display,
        changes: impl fmt::Display,
        message: RouteNetlinkMessage,
        flags: u16,
        hint: impl FnOnce(Errno) -> Option<String>,
    ) -> Result<(), Failure> {
        step(call, changes, || self.request(message, flags).map(drop)).or_hint(hint).or_hint(|_| self.said())
    }

    /// What the kernel said about the last refusal, for a hint.
    pub fn said(&self) -> Option<String> {
        self.said.take().map(|said| format!("the kernel says: {said}"))
    }

    /// Has the kernel do one thing, and waits until it did. `flags`: `NLM_F_CREATE` and the like. Gives the bytes of
    /// each message that came before the acknowledgement.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn request(&self, message: impl NetlinkSerializable, flags: u16) -> nix::Result<Vec<Vec<u8>>> {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        let mut request = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.said.take();
        again(|| self.socket.send(&bytes, 0))?;
        let mut answers = Vec::new();
        loop {
            let (datagram, _) = again(|| self.socket.recv_from_full())?;
            let mut rest = datagram.as_slice();
            while !rest.is_empty() {
                let answer = NetlinkMessage::<Answer>::deserialize(rest).map_err(|_| Errno::EBADMSG)?;
                let length = (answer.header.length as usize).next_multiple_of(4);
                rest = rest.get(length..).unwrap_or_default();
                match answer.payload {
                    NetlinkPayload::InnerMessage(Answer(bytes)) => answers.push(bytes),
                    NetlinkPayload::Error(error) => match error.code {
                        None => return Ok(answers),
                        Some(code) => {
                            self.said.replace(words(&error.header));
                            return Err(Errno::from_raw(-code.get()));
                        }
                    },
                    NetlinkPayload::Done(_) => return Ok(answers),
                    _ => {}
                }
            }
        }
    }
}

/// Repeats what a signal interrupted.
fn again<T>(mut call: impl FnMut() -> std::io::Result<T>) -> nix::Result<T> {
    loop {
        match call().map_err(errno_of) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// The kernel's words in a refusal: the header of our request, then attributes (netlink(7), NETLINK_EXT_ACK).
fn words(refusal: &[u8]) -> Option<String> {
    const HEADER: usize = 16;
    const MESSAGE: u16 = 1;
    let (_, text) = attributes(refusal.get(HEADER..)?).find(|(kind, _)| *kind == MESSAGE)?;
    let text = text.split(|b| *b == 0).next()?;
    Some(common::text::harmless(&String::from_utf8_lossy(text)))
}
