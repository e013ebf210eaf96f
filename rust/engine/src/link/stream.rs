//! The bytes under a WebSocket: TCP, or TLS over it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use rustls::{ClientConnection, StreamOwned};

pub(crate) enum Stream {
    Plain(TcpStream),
    // Boxed for its size: there is one a call.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.sock,
        }
    }

    /// Whether TLS has something to send, before which it reads nothing.
    pub(crate) fn is_clogged(&self) -> bool {
        matches!(self, Self::Tls(tls) if tls.conn.wants_write())
    }

    /// Says that nothing follows, as far as that takes no waiting (RFC 8446 §6.1).
    pub(crate) fn take_leave(&mut self) {
        if let Self::Tls(tls) = self {
            tls.conn.send_close_notify();
            let _ = tls.flush(); // who does not read it sees the end of TCP
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp().as_fd()
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(into),
            // Many servers end TCP without a word of TLS. WebSocket has a goodbye of its own, so
            // that nothing can be cut off unseen.
            Self::Tls(tls) => match tls.read(into) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                read => read,
            },
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            // TLS that has no room for more says so by taking nothing.
            Self::Tls(tls) => match tls.write(bytes) {
                Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
                written => written,
            },
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}
