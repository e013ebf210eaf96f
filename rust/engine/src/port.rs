//! A pair of ports that waits for its call.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use fourwire::Media;

use crate::command::Remote;
use crate::engine::Shared;
use crate::handle::LegHandle;
use crate::port_pool::{PortPool, ReserveError};
use crate::security::SrtpKeys;
use crate::socket::UdpSocket;
use crate::system;

/// A reserved pair of ports, bound and silent. Dropped, it gives them back.
pub struct Port {
    engine: Arc<Shared>,
    sockets: Sockets,
}

/// The sockets of a call and the right to their ports.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    pub(crate) address: IpAddr,
    /// Last, because the ports are free only when the sockets are closed.
    lease: Lease,
}

/// The right to a pair of ports, given back when dropped.
#[derive(Debug)]
struct Lease {
    pool: Arc<PortPool>,
    port: u16,
}

impl Port {
    pub(crate) fn reserve(engine: Arc<Shared>, address: IpAddr) -> Result<Self, ReserveError> {
        let random = u64::from_ne_bytes(system::random().map_err(ReserveError::Socket)?);
        let bind = |port| bind_pair(address, port);
        let (port, (rtp, rtcp)) = engine.pool.reserve(system::now(), random, bind)?;
        let lease = Lease { pool: Arc::clone(&engine.pool), port };
        Ok(Self { engine, sockets: Sockets { rtp, rtcp, address, lease } })
    }

    /// The even port, for RTP; RTCP has the odd one above it.
    pub const fn number(&self) -> u16 {
        self.sockets.lease.port
    }

    /// Begins the call that offer and answer agreed on: from now on packets go out, and the engine
    /// listens.
    ///
    /// # Errors
    /// When the engine is closed or the system gives no random numbers.
    pub fn start(self, media: Media, remote: Remote) -> io::Result<LegHandle> {
        self.engine.start(self.sockets, media, remote, None)
    }

    /// As [`start`](Self::start), with every packet of both ways under SRTP.
    ///
    /// # Errors
    /// As those of [`start`](Self::start).
    pub fn start_secure(
        self,
        media: Media,
        remote: Remote,
        keys: SrtpKeys,
    ) -> io::Result<LegHandle> {
        self.engine.start(self.sockets, media, remote, Some(keys))
    }
}

impl Sockets {
    pub(crate) const fn port(&self) -> u16 {
        self.lease.port
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.release(self.port, system::now());
    }
}

fn bind_pair(address: IpAddr, port: u16) -> io::Result<(UdpSocket, UdpSocket)> {
    let rtp = UdpSocket::bind(SocketAddr::new(address, port))?;
    let rtcp = UdpSocket::bind(SocketAddr::new(address, port + 1))?;
    Ok((rtp, rtcp))
}
