//! What the engine asks of Linux besides UDP: the clock, sleep, wake-ups, readiness, randomness.

#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use fourwire::Moment;

/// What time it is on `CLOCK_MONOTONIC`, the clock of all moments of an engine.
pub(crate) fn now() -> Moment {
    Moment::from_nanos(read_clock(libc::CLOCK_MONOTONIC))
}

/// The time since 1970.
pub(crate) fn unix_time() -> Duration {
    Duration::from_nanos(read_clock(libc::CLOCK_REALTIME))
}

fn read_clock(clock: libc::clockid_t) -> u64 {
    let mut reading = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `reading` is a valid timespec to write to; both clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &mut reading) };
    nanos(&reading)
}

/// Nanoseconds of `time`; zero where it lies before its origin.
pub(crate) fn nanos(time: &libc::timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Sleeps until `moment`, or not at all where it has passed.
pub(crate) fn sleep_until(moment: Moment) {
    let nanos = moment.as_nanos();
    let until = libc::timespec {
        tv_sec: (nanos / 1_000_000_000) as libc::time_t,
        tv_nsec: (nanos % 1_000_000_000) as libc::c_long,
    };
    // SAFETY: `until` is a valid timespec, and with TIMER_ABSTIME no remainder is written.
    // A signal may end the sleep early; then it is taken up again.
    while unsafe {
        libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &until, ptr::null_mut())
    } == libc::EINTR
    {}
}

/// Asks the kernel not to let this thread sleep longer than told in order to save wake-ups: the
/// default slack of 50 µs is more than the rest of a tick's lateness.
pub(crate) fn sleep_precisely() {
    // SAFETY: PR_SET_TIMERSLACK takes one integer and touches no memory of ours.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1 as libc::c_ulong) };
}

/// Unpredictable bytes, as RFC 3550 §5.1 and §8.1 ask for.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    // SAFETY: `bytes` is N writable bytes.
    let filled = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) };
    if filled == N as isize { Ok(bytes) } else { Err(io::Error::last_os_error()) }
}

/// Another descriptor for what `descriptor` stands for.
pub(crate) fn duplicate(descriptor: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes an integer and touches no memory of ours; the descriptor that it
    // returns is ours alone.
    unsafe { owned(libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 0)) }
}

/// A descriptor that is readable from [`ring`](Self::ring) to [`hush`](Self::hush): an eventfd.
#[derive(Debug)]
pub(crate) struct Bell(OwnedFd);

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: eventfd takes two integers; the descriptor it returns is ours alone.
        unsafe { owned(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK)) }.map(Self)
    }

    pub(crate) fn ring(&self) {
        let one = 1u64;
        // SAFETY: an eventfd takes exactly these eight bytes. It can fail only when its counter is
        // about to overflow, and then the bell rings already.
        unsafe { libc::write(self.as_raw_fd(), ptr::from_ref(&one).cast(), size_of::<u64>()) };
    }

    pub(crate) fn hush(&self) {
        let mut count = 0u64;
        // SAFETY: an eventfd writes exactly these eight bytes, or nothing when it did not ring.
        unsafe { libc::read(self.as_raw_fd(), ptr::from_mut(&mut count).cast(), size_of::<u64>()) };
    }
}

impl AsRawFd for Bell {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Tells which of many descriptors have something to read: an epoll instance.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    ready: Box<[MaybeUninit<libc::epoll_event>; READY_AT_ONCE]>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: epoll_create1 takes an integer; the descriptor it returns is ours alone.
        let epoll = unsafe { owned(libc::epoll_create1(libc::EPOLL_CLOEXEC)) }?;
        Ok(Self { epoll, ready: Box::new([const { MaybeUninit::uninit() }; READY_AT_ONCE]) })
    }

    /// Watches `descriptor` until it is closed: each time something comes in, it is reported as
    /// `token`, once. To ask anew at each tick whether all is read would cost as much as reading.
    pub(crate) fn watch(&self, descriptor: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        let events = (libc::EPOLLIN | libc::EPOLLET) as u32;
        let mut interest = libc::epoll_event { events, u64: token };
        // SAFETY: both descriptors are open and `interest` is a valid event for the call's time.
        let done = unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                descriptor.as_raw_fd(),
                &mut interest,
            )
        };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Appends the tokens of descriptors at which something has come in, without waiting. What
    /// does not fit is reported the next time.
    pub(crate) fn ready(&mut self, tokens: &mut Vec<u64>) {
        // SAFETY: `ready` has room for as many events as the call is told.
        let count = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                self.ready.as_mut_ptr().cast(),
                READY_AT_ONCE as libc::c_int,
                0,
            )
        };
        let count = usize::try_from(count).unwrap_or(0);
        // SAFETY: the kernel has filled the first `count` events.
        tokens.extend(self.ready[..count].iter().map(|it| unsafe { it.assume_init_ref() }.u64));
    }
}

/// Takes ownership of a descriptor that a system call returned.
///
/// # Safety
/// Nobody else may own `descriptor`.
unsafe fn owned(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller says that it is open and ours.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Ready descriptors taken in one go; a worker of a thousand legs sees a quarter of them in a tick.
const READY_AT_ONCE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn sleep_does_not_end_before_its_time() {
        let until = now() + Duration::from_millis(2);
        sleep_until(until);
        assert!(now() >= until);
        sleep_until(Moment::default());
    }

    #[test]
    fn each_ring_of_a_bell_is_reported_once() {
        let (bell, mut poller) = (Bell::new().unwrap(), Poller::new().unwrap());
        poller.watch(bell.0.as_fd(), 42).unwrap();
        let mut tokens = Vec::new();
        poller.ready(&mut tokens);
        assert_eq!(tokens, []);
        bell.ring();
        bell.ring();
        poller.ready(&mut tokens);
        poller.ready(&mut tokens);
        assert_eq!(tokens, [42]);
        bell.hush();
        bell.ring();
        poller.ready(&mut tokens);
        assert_eq!(tokens, [42, 42]);
    }

    #[test]
    fn randomness_differs_from_time_to_time() {
        assert_ne!(random::<16>().unwrap(), random::<16>().unwrap());
    }
}
