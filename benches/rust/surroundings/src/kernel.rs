//! What the standard library has no call for: many datagrams at once, and the kernel's time of arrival.

use std::io;
use std::mem;
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

/// Datagrams that one call takes or gives at most.
pub const BATCH: usize = 64;

/// Room for a datagram: a packet of RTP and more.
const ROOM: usize = 512;

/// Room for a control message that holds a time; aligned as the kernel wants it.
type Control = [u64; 8];

/// The wall clock in nanoseconds, as the kernel stamps what arrives.
pub fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` may be written to.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut time) };
    nanos(time)
}

/// Lets this program go before others that want the processor, where that is allowed.
pub fn go_first() {
    // SAFETY: it takes no memory. Where it is refused, reports tell how late this program was.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -10) };
}

/// Has the kernel stamp all that arrives at a socket.
pub fn stamp_arrivals(socket: &impl AsRawFd) -> io::Result<()> {
    set(socket.as_raw_fd(), libc::SO_TIMESTAMPNS, 1)
}

/// Gives a socket room for `bytes`, beyond what its user may ask for where that is allowed.
pub fn make_room(socket: &impl AsRawFd, bytes: libc::c_int) -> io::Result<()> {
    set(socket.as_raw_fd(), libc::SO_RCVBUFFORCE, bytes)
        .or_else(|_| set(socket.as_raw_fd(), libc::SO_RCVBUF, bytes))
}

/// Reads from a stream: how much, and when the last byte of it arrived.
pub fn receive(stream: &impl AsRawFd, into: &mut [u8]) -> io::Result<(usize, u64)> {
    let mut part = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let mut control = Control::default();
    let mut message = header(&mut part, &mut control);
    // SAFETY: `message` points at `into` and `control`, which outlive the call, with their lengths.
    let count = unsafe { libc::recvmsg(stream.as_raw_fd(), &raw mut message, 0) };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    Ok((count, arrival(&message).unwrap_or_else(now_ns)))
}

/// Datagrams on their way in, in room that is used again.
pub struct Inbox {
    rooms: Box<[[u8; ROOM]; BATCH]>,
    controls: Box<[Control; BATCH]>,
    sources: Box<[libc::sockaddr_in; BATCH]>,
}

impl Inbox {
    pub fn new() -> Self {
        // SAFETY: an address of zeros is one.
        let nobody: libc::sockaddr_in = unsafe { mem::zeroed() };
        Self {
            rooms: Box::new([[0; ROOM]; BATCH]),
            controls: Box::new([Control::default(); BATCH]),
            sources: Box::new([nobody; BATCH]),
        }
    }

    /// Takes what has arrived: gives `each` the port it came from, when it came, and what it is.
    pub fn take(
        &mut self,
        socket: &impl AsRawFd,
        mut each: impl FnMut(u16, u64, &[u8]),
    ) -> io::Result<usize> {
        let mut parts: [libc::iovec; BATCH] = std::array::from_fn(|place| libc::iovec {
            iov_base: self.rooms[place].as_mut_ptr().cast(),
            iov_len: ROOM,
        });
        let mut messages: [libc::mmsghdr; BATCH] = std::array::from_fn(|place| {
            let mut head = header(&mut parts[place], &mut self.controls[place]);
            head.msg_name = (&raw mut self.sources[place]).cast();
            head.msg_namelen = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
            libc::mmsghdr { msg_hdr: head, msg_len: 0 }
        });
        // SAFETY: each message points at room of its own, which outlives the call, with its length.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                messages.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (place, message) in messages.iter().enumerate().take(count) {
            let port = u16::from_be(self.sources[place].sin_port);
            let length = (message.msg_len as usize).min(ROOM);
            let at = arrival(&message.msg_hdr).unwrap_or_else(now_ns);
            each(port, at, &self.rooms[place][..length]);
        }
        Ok(count)
    }
}

/// Sends datagrams, each to an address of its own; gives how many left.
pub fn send(socket: &impl AsRawFd, datagrams: &[([u8; 172], SocketAddrV4)]) -> io::Result<usize> {
    let count = datagrams.len().min(BATCH);
    let mut targets: [libc::sockaddr_in; BATCH] = std::array::from_fn(|place| {
        let to = datagrams[place.min(count - 1)].1;
        address(to)
    });
    let mut parts: [libc::iovec; BATCH] = std::array::from_fn(|place| libc::iovec {
        iov_base: datagrams[place.min(count - 1)].0.as_ptr().cast_mut().cast(),
        iov_len: 172,
    });
    let mut messages: [libc::mmsghdr; BATCH] = std::array::from_fn(|place| {
        // SAFETY: a header of zeros is an empty one.
        let mut head: libc::msghdr = unsafe { mem::zeroed() };
        head.msg_name = (&raw mut targets[place]).cast();
        head.msg_namelen = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
        head.msg_iov = &raw mut parts[place];
        head.msg_iovlen = 1;
        libc::mmsghdr { msg_hdr: head, msg_len: 0 }
    });
    // SAFETY: each message points at a datagram and an address that outlive the call; the kernel
    // only reads them.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr(),
            count as libc::c_uint,
            libc::MSG_DONTWAIT,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

fn header(part: &mut libc::iovec, control: &mut Control) -> libc::msghdr {
    // SAFETY: a header of zeros is an empty one.
    let mut head: libc::msghdr = unsafe { mem::zeroed() };
    head.msg_iov = part;
    head.msg_iovlen = 1;
    head.msg_control = control.as_mut_ptr().cast();
    head.msg_controllen = mem::size_of::<Control>();
    head
}

/// The time that the kernel wrote to a message.
fn arrival(message: &libc::msghdr) -> Option<u64> {
    // SAFETY: the kernel filled the message and its length; what is read lies in its control part.
    unsafe {
        let mut part = libc::CMSG_FIRSTHDR(message);
        while !part.is_null() {
            if (*part).cmsg_level == libc::SOL_SOCKET && (*part).cmsg_type == libc::SCM_TIMESTAMPNS
            {
                return Some(nanos(ptr::read_unaligned(libc::CMSG_DATA(part).cast())));
            }
            part = libc::CMSG_NXTHDR(message, part);
        }
    }
    None
}

fn nanos(time: libc::timespec) -> u64 {
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

fn address(to: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: to.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(to.ip().octets()) },
        sin_zero: [0; 8],
    }
}

fn set(socket: RawFd, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: `value` is an int, as both options want it, and outlives the call.
    let done = unsafe {
        libc::setsockopt(
            socket,
            libc::SOL_SOCKET,
            option,
            (&raw const value).cast(),
            mem::size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
