//! UDP sockets as the engine wants them: many datagrams a system call, and for each the moment at
//! which the kernel had it.

#![allow(unsafe_code)]

use std::io;
use std::mem::zeroed;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;

use fourwire::Moment;
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};

use crate::system;

/// A non-blocking UDP socket for media.
#[derive(Debug)]
pub(crate) struct UdpSocket(Socket);

impl UdpSocket {
    /// Binds `address` and asks for expedited forwarding (RFC 3246), kernel arrival times and the
    /// count of datagrams for which the kernel had no room.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::DGRAM.nonblocking(),
            Some(Protocol::UDP),
        )?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        let this = Self(socket);
        this.mark_as_voice(address)?;
        this.switch_on(libc::SO_TIMESTAMPNS)?;
        this.switch_on(libc::SO_RXQ_OVFL)?;
        this.0.bind(&address.into())?;
        Ok(this)
    }

    /// Sends one datagram.
    ///
    /// There is nothing to gain from `sendmmsg` here: it takes one socket, and a leg sends one
    /// packet at a time from a port of its own.
    pub(crate) fn send(&self, datagram: &[u8], to: &SockAddr) -> io::Result<()> {
        self.0.send_to(datagram, to).map(drop)
    }

    fn mark_as_voice(&self, address: SocketAddr) -> io::Result<()> {
        match address {
            SocketAddr::V4(_) => self.0.set_tos_v4(EXPEDITED_FORWARDING),
            SocketAddr::V6(_) => {
                self.set(libc::IPPROTO_IPV6, libc::IPV6_TCLASS, EXPEDITED_FORWARDING)
            }
        }
    }

    fn switch_on(&self, option: libc::c_int) -> io::Result<()> {
        self.set(libc::SOL_SOCKET, option, 1)
    }

    fn set(&self, level: libc::c_int, option: libc::c_int, value: u32) -> io::Result<()> {
        // SAFETY: the options used here take an int, which `value` is in size and layout.
        let done = unsafe {
            libc::setsockopt(
                self.0.as_raw_fd(),
                level,
                option,
                ptr::from_ref(&value).cast(),
                size_of::<u32>() as libc::socklen_t,
            )
        };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// One datagram that was received.
#[derive(Debug)]
pub(crate) struct Datagram<'a> {
    pub(crate) source: SocketAddr,
    pub(crate) arrival: Moment,
    pub(crate) bytes: &'a mut [u8],
}

/// How a turn of receiving went besides the datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// Messages taken off the socket, usable or not.
    pub(crate) count: usize,
    /// Whether there may be more.
    pub(crate) more: bool,
    /// Datagrams longer than any RTP packet we speak, cut by the kernel and not handed on.
    pub(crate) truncated: u64,
    /// Datagrams the kernel has dropped on this socket since it was opened, where it said so.
    pub(crate) overflow: Option<u32>,
}

/// The room into which a worker receives, a batch at a time.
pub(crate) struct Inbox {
    slots: Box<[Slot; BATCH]>,
}

struct Slot {
    bytes: [u8; LONGEST_DATAGRAM],
    source: SockAddrStorage,
    control: Control,
}

/// Room for ancillary data, aligned as its headers want it.
#[repr(C, align(8))]
struct Control([u8; CONTROL_ROOM]);

impl Inbox {
    pub(crate) fn new() -> Self {
        let slot = || Slot {
            bytes: [0; LONGEST_DATAGRAM],
            source: SockAddrStorage::zeroed(),
            control: Control([0; CONTROL_ROOM]),
        };
        Self { slots: Box::new(std::array::from_fn(|_| slot())) }
    }

    /// Takes up to a batch of datagrams off `socket` and hands each to `hear`.
    ///
    /// `clock` maps the kernel's wall clock to moments. An error means that the kernel passed on
    /// an ICMP message (somebody's port is closed) or that there was nothing to read: neither is
    /// ours to act upon.
    pub(crate) fn receive(
        &mut self,
        socket: &UdpSocket,
        clock: &ArrivalClock,
        mut hear: impl FnMut(Datagram<'_>),
    ) -> Received {
        // SAFETY: an all-zero mmsghdr and iovec are valid (null pointers, zero lengths).
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { zeroed() };
        // SAFETY: as above.
        let mut vectors: [libc::iovec; BATCH] = unsafe { zeroed() };
        for ((slot, header), vector) in self.slots.iter_mut().zip(&mut headers).zip(&mut vectors) {
            slot.lay_out(header, vector);
        }
        // SAFETY: every header points to room that outlives the call and is as long as it says.
        let count = unsafe {
            libc::recvmmsg(
                socket.0.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).unwrap_or(0);
        let mut received = Received { count, more: count == BATCH, ..Received::default() };
        for (slot, header) in self.slots.iter_mut().zip(&headers).take(count) {
            let notes = Notes::read(&header.msg_hdr);
            received.overflow = notes.overflow.or(received.overflow);
            if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                received.truncated += 1;
            } else if let Some(source) = slot.source(header.msg_hdr.msg_namelen) {
                let arrival = clock.moment_of(notes.arrival);
                hear(Datagram {
                    source,
                    arrival,
                    bytes: &mut slot.bytes[..header.msg_len as usize],
                });
            }
        }
        received
    }
}

impl Slot {
    fn lay_out(&mut self, header: &mut libc::mmsghdr, vector: &mut libc::iovec) {
        vector.iov_base = self.bytes.as_mut_ptr().cast();
        vector.iov_len = self.bytes.len();
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_name = ptr::from_mut(&mut self.source).cast();
        header.msg_hdr.msg_namelen = self.source.size_of();
        header.msg_hdr.msg_control = self.control.0.as_mut_ptr().cast();
        header.msg_hdr.msg_controllen = CONTROL_ROOM as _;
    }

    fn source(&self, length: libc::socklen_t) -> Option<SocketAddr> {
        // SAFETY: the kernel has written `length` bytes of an address into the storage, which was
        // zeroed before, and `as_socket` looks at its family first.
        unsafe { SockAddr::new(ptr::read(&self.source), length) }.as_socket().map(plain)
    }
}

/// An IPv4 address in the clothes of IPv6, as a dual-stack socket shows it, undressed.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// What the kernel notes about a datagram.
#[derive(Clone, Copy, Debug, Default)]
struct Notes {
    /// When it arrived, in nanoseconds since 1970.
    arrival: Option<u64>,
    overflow: Option<u32>,
}

impl Notes {
    fn read(header: &libc::msghdr) -> Self {
        let mut notes = Self::default();
        // SAFETY: the header was filled by the kernel, and its control room is still there; the
        // CMSG functions stay within it.
        unsafe {
            let mut note = libc::CMSG_FIRSTHDR(header);
            while let Some(head) = note.as_ref() {
                let value = libc::CMSG_DATA(head);
                match (head.cmsg_level, head.cmsg_type) {
                    (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                        let time: libc::timespec = ptr::read_unaligned(value.cast());
                        notes.arrival = Some(system::nanos(&time));
                    }
                    (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                        notes.overflow = Some(ptr::read_unaligned(value.cast()));
                    }
                    _ => {}
                }
                note = libc::CMSG_NXTHDR(header, head);
            }
        }
        notes
    }
}

/// Maps the kernel's arrival times, which are of the wall clock, to moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArrivalClock {
    now: Moment,
    unix_now: u64,
}

impl ArrivalClock {
    /// Both clocks as they stand; to be read anew each tick, since the wall clock may be set.
    pub(crate) fn read() -> Self {
        Self { now: system::now(), unix_now: system::unix_time().as_nanos() as u64 }
    }

    /// The moment at which the clocks were read.
    pub(crate) const fn now(&self) -> Moment {
        self.now
    }

    /// The moment of `arrival` nanoseconds since 1970: never in the future, and now where it is
    /// unknown or was stamped before the wall clock was set.
    fn moment_of(&self, arrival: Option<u64>) -> Moment {
        let age = arrival.map_or(0, |arrival| self.unix_now.saturating_sub(arrival));
        let age = if age < LONGEST_WAIT { age } else { 0 };
        Moment::from_nanos(self.now.as_nanos().saturating_sub(age))
    }
}

/// Datagrams a system call. A leg gets one in a tick or none; more come after a stall.
const BATCH: usize = 4;

/// Longer than any RTP packet over Ethernet.
pub(crate) const LONGEST_DATAGRAM: usize = 2048;

/// Room for an arrival time and an overflow count, each with its header, with something to spare.
const CONTROL_ROOM: usize = 128;

/// Bytes of receive buffer, which the kernel doubles: more than a second of RTP, and not so much
/// that a flood on one port takes the machine's memory.
const RECEIVE_BUFFER: usize = 128 * 1024;

/// The DSCP of expedited forwarding as the byte of the IP header (RFC 3246, RFC 4594 §4.1).
const EXPEDITED_FORWARDING: u32 = 0xB8;

/// Nanoseconds after which an arrival time is not believed.
const LONGEST_WAIT: u64 = 10_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn hear_all(
        inbox: &mut Inbox,
        socket: &UdpSocket,
    ) -> (Received, Vec<(SocketAddr, Moment, Vec<u8>)>) {
        let mut heard = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut received = Received::default();
        while received.count == 0 && Instant::now() < deadline {
            received = inbox.receive(socket, &ArrivalClock::read(), |it| {
                heard.push((it.source, it.arrival, it.bytes.to_vec()));
            });
        }
        (received, heard)
    }

    fn meet(address: &str) -> (UdpSocket, SocketAddr, std::net::UdpSocket) {
        let ours = UdpSocket::bind(format!("{address}:0").parse().unwrap()).unwrap();
        let at = ours.0.local_addr().unwrap().as_socket().unwrap();
        (ours, at, std::net::UdpSocket::bind(format!("{address}:0")).unwrap())
    }

    #[test]
    fn datagrams_come_with_source_and_arrival_in_their_order() {
        for address in ["127.0.0.1", "[::1]"] {
            let (ours, at, theirs) = meet(address);
            let before = system::now();
            for n in 0..BATCH as u8 {
                theirs.send_to(&[n; 172], at).unwrap();
            }
            let (_, heard) = hear_all(&mut Inbox::new(), &ours);
            assert_eq!(heard.len(), BATCH);
            for (n, (source, arrival, bytes)) in heard.iter().enumerate() {
                assert_eq!(*source, theirs.local_addr().unwrap());
                assert!(
                    before.since(*arrival) < Duration::from_millis(1) && *arrival <= system::now()
                );
                assert_eq!(bytes, &[n as u8; 172]);
            }
        }
    }

    #[test]
    fn a_datagram_that_does_not_fit_is_counted_and_not_heard() {
        let (ours, at, theirs) = meet("127.0.0.1");
        theirs.send_to(&[0; LONGEST_DATAGRAM + 1], at).unwrap();
        let (received, heard) = hear_all(&mut Inbox::new(), &ours);
        assert_eq!((received.count, received.truncated, heard.len()), (1, 1, 0));
    }

    #[test]
    fn an_empty_datagram_is_heard_as_such() {
        let (ours, at, theirs) = meet("127.0.0.1");
        theirs.send_to(&[], at).unwrap();
        assert_eq!(hear_all(&mut Inbox::new(), &ours).1[0].2, []);
    }

    #[test]
    fn nothing_to_read_is_no_datagram() {
        let (ours, ..) = meet("127.0.0.1");
        let received = Inbox::new().receive(&ours, &ArrivalClock::read(), |_| unreachable!());
        assert_eq!(received, Received::default());
    }

    #[test]
    fn a_closed_port_on_the_other_side_harms_nobody() {
        let (ours, at, theirs) = meet("127.0.0.1");
        let gone = theirs.local_addr().unwrap();
        drop(theirs);
        for _ in 0..3 {
            let _ = ours.send(&[0; 172], &gone.into());
        }
        let caller = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        caller.send_to(b"still there", at).unwrap();
        assert_eq!(hear_all(&mut Inbox::new(), &ours).1[0].2, b"still there");
    }

    #[test]
    fn an_arrival_is_never_in_the_future_nor_absurdly_old() {
        let clock = ArrivalClock { now: Moment::from_millis(5_000), unix_now: 100_000_000_000 };
        assert_eq!(clock.moment_of(Some(99_999_000_000)), Moment::from_millis(4_999));
        assert_eq!(clock.moment_of(Some(200_000_000_000)), clock.now);
        assert_eq!(clock.moment_of(Some(1)), clock.now);
        assert_eq!(clock.moment_of(None), clock.now);
    }
}
