//! The agent: a WebSocket server with a session for each call.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tungstenite::WebSocket;
use tungstenite::handshake::server::{Request, Response};

use crate::call::Call;
use crate::figures::Figures;
use crate::session::Session;
use crate::stream::Stream;

type Opened = (WebSocket<Stream>, usize);

/// All sessions, each at the place of its arrival.
pub struct Agent {
    pub sessions: Vec<Session>,
    pub url: String,
    opened: Receiver<Opened>,
    poll: Poll,
    events: Events,
}

impl Agent {
    /// Listens, by TLS where there is a folder with `certificate.pem` and `key.pem`.
    pub fn listen(tls: Option<&Path>) -> io::Result<Self> {
        let config = tls.map(tls_config).transpose()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let scheme = if config.is_some() { "wss" } else { "ws" };
        let url = format!("{scheme}://{}/api/v1/realtime/session", listener.local_addr()?);
        let (to, opened) = channel();
        thread::spawn(move || accept(&listener, config.as_ref(), &to));
        Ok(Self {
            sessions: Vec::new(),
            url,
            opened,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
        })
    }

    /// Takes new sessions, and all that came on the others.
    pub fn take(&mut self, calls: &[Call], figures: &mut Figures) -> io::Result<()> {
        while let Ok((web, call)) = self.opened.try_recv() {
            let fd = web.get_ref().socket().as_raw_fd();
            let token = Token(self.sessions.len());
            self.sessions.push(Session::new(web, call));
            self.poll.registry().register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        }
        self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
        for event in &self.events {
            let session = &mut self.sessions[event.token().0];
            if session.take(&calls[session.call], figures).is_err() {
                let fd = session.stream().socket().as_raw_fd();
                self.poll.registry().deregister(&mut SourceFd(&fd))?;
            }
        }
        Ok(())
    }

    /// Says all that is due.
    pub fn speak_due(&mut self, now: Instant, figures: &mut Figures) {
        for session in &mut self.sessions {
            session.speak_due(now, figures);
        }
    }
}

fn accept(listener: &TcpListener, tls: Option<&Arc<ServerConfig>>, to: &Sender<Opened>) {
    for socket in listener.incoming().flatten() {
        let (tls, to) = (tls.cloned(), to.clone());
        thread::spawn(move || {
            // A client that does not get through is missing among the sessions.
            if let Some(opened) = open(socket, tls.as_ref()) {
                let _ = to.send(opened);
            }
        });
    }
}

/// Shakes hands; the key that the client gives is the number of its call.
fn open(socket: TcpStream, tls: Option<&Arc<ServerConfig>>) -> Option<Opened> {
    let stream = Stream::new(socket, tls).ok()?;
    let mut call = None;
    #[expect(clippy::result_large_err, reason = "the type is the library's")]
    let noted = |request: &Request, response: Response| {
        call = request.uri().query().and_then(call_of);
        Ok(response)
    };
    let web = tungstenite::accept_hdr(stream, noted).ok()?;
    web.get_ref().socket().set_nonblocking(true).ok()?;
    Some((web, call?))
}

fn call_of(query: &str) -> Option<usize> {
    let key = query.split('&').find_map(|part| part.strip_prefix("key="))?;
    key.parse().ok()
}

fn tls_config(folder: &Path) -> io::Result<Arc<ServerConfig>> {
    let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem"));
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem"));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(
        vec![certificate.map_err(io::Error::other)?],
        key.map_err(io::Error::other)?,
    );
    Ok(Arc::new(config.map_err(io::Error::other)?))
}
