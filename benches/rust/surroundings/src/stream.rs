//! A connection, plain or by TLS, that knows when what it gave last had arrived.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::kernel;

/// A connection whose arrivals the kernel stamps.
pub struct Stamped {
    pub socket: TcpStream,
    arrived_at: u64,
}

impl Stamped {
    fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        kernel::stamp_arrivals(&socket)?;
        Ok(Self { socket, arrived_at: 0 })
    }
}

impl Read for Stamped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let (count, at) = kernel::receive(&self.socket, into)?;
        self.arrived_at = at;
        Ok(count)
    }
}

impl Write for Stamped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// With TLS, or without.
pub enum Stream {
    Plain(Stamped),
    Tls(Box<StreamOwned<ServerConnection, Stamped>>),
}

impl Stream {
    /// A connection; by TLS as its server where there is a configuration.
    pub fn new(socket: TcpStream, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        let stamped = Stamped::new(socket)?;
        let Some(config) = tls else { return Ok(Self::Plain(stamped)) };
        let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(connection, stamped))))
    }

    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stamped) => &stamped.socket,
            Self::Tls(stream) => &stream.sock.socket,
        }
    }

    /// When the last byte arrived of what was read last.
    pub fn arrived_at(&self) -> u64 {
        match self {
            Self::Plain(stamped) => stamped.arrived_at,
            Self::Tls(stream) => stream.sock.arrived_at,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stamped) => stamped.read(into),
            Self::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stamped) => stamped.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stamped) => stamped.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
