//! The opening handshake of a WebSocket (RFC 6455 §4), on a thread that may wait.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tungstenite::WebSocket;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{Role, WebSocketConfig};

use super::stream::Stream;
use super::trust;
use crate::system;

/// What to ask the server for.
#[derive(Clone)]
pub struct Request {
    /// The name that its certificate must bear.
    pub host: String,
    /// The `Host` of HTTP: with the port, where that is not the usual one.
    pub authority: String,
    /// Path and query.
    pub target: String,
    /// Whether to talk TLS.
    pub secure: bool,
    /// Further headers, of which none holds a line break.
    pub headers: Vec<(String, String)>,
}

/// What the server said to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code; 101 where the WebSocket is open.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// All headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

/// Why there is no WebSocket.
#[derive(Debug)]
pub enum OpenError {
    /// The server answered, and not with a WebSocket.
    Refused(Box<Answer>),
    /// The network, TLS, or an answer that is none.
    Failed(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(answer) => write!(f, "refused with {} {}", answer.status, answer.reason),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// An open WebSocket that no engine runs yet.
pub struct Opened {
    pub(crate) socket: WebSocket<Stream>,
    /// The server's answer to the handshake.
    pub answer: Answer,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("answer", &self.answer).finish_non_exhaustive()
    }
}

/// Opens a WebSocket on the TCP connection `tcp`; waits up to `patience` for it.
///
/// # Errors
/// Where the server refuses, or there is no such server.
pub fn open(tcp: TcpStream, request: &Request, patience: Duration) -> Result<Opened, OpenError> {
    let until = Instant::now() + patience;
    tcp.set_nonblocking(false)?;
    tcp.set_nodelay(true)?;
    wait_at_most(&tcp, until)?;
    let mut stream = match request.secure {
        true => Stream::Tls(trust::tls(tcp, &request.host)?),
        false => Stream::Plain(tcp),
    };
    let key = STANDARD.encode(system::random::<16>()?);
    stream.write_all(written(request, &key)?.as_bytes())?;
    stream.flush()?;
    let (answer, rest) = read_answer(&mut stream, until)?;
    if answer.status != 101 {
        return Err(OpenError::Refused(Box::new(with_body(answer, rest, &mut stream, until))));
    }
    check(&answer, &key)?;
    stream.tcp().set_nonblocking(true)?;
    let socket = WebSocket::from_partially_read(stream, rest, Role::Client, Some(config()));
    Ok(Opened { socket, answer })
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(MOST_BYTES))
        .max_frame_size(Some(MOST_BYTES))
}

fn written(request: &Request, key: &str) -> io::Result<String> {
    let mut text = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n",
        request.target, request.authority
    );
    for (name, value) in &request.headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text.push_str("\r\n");
    let lines = text.matches('\n').count();
    // One more than were written here: a value that would be a header of its own.
    if lines != request.headers.len() + LINES || text.matches('\r').count() != lines {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a header holds a line break"));
    }
    Ok(text)
}

/// The head of the answer, and what came after it.
fn read_answer(stream: &mut Stream, until: Instant) -> io::Result<(Answer, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some((answer, length)) = parse(&bytes)? {
            return Ok((answer, bytes.split_off(length)));
        }
        if bytes.len() >= MOST_HEAD {
            return Err(malformed("its head is too long"));
        }
        if !read_some(stream, &mut bytes, until)? {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed before it answered"));
        }
    }
}

fn parse(bytes: &[u8]) -> io::Result<Option<(Answer, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(malformed(&error.to_string())),
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let answer = Answer {
        status: response.code.unwrap_or(0),
        reason: response.reason.unwrap_or("").to_owned(),
        headers: response.headers.iter().map(|it| (it.name.to_owned(), text(it.value))).collect(),
        body: Vec::new(),
    };
    Ok(Some((answer, length)))
}

/// A refusal, with as much of its body as comes and matters.
fn with_body(answer: Answer, mut body: Vec<u8>, stream: &mut Stream, until: Instant) -> Answer {
    let length = answer.header("content-length").and_then(|it| it.trim().parse().ok());
    let most = length.unwrap_or(MOST_BODY).min(MOST_BODY);
    // What could not be read any more is no reason to forget the refusal.
    while body.len() < most && read_some(stream, &mut body, until).unwrap_or(false) {}
    body.truncate(most);
    Answer { body, ..answer }
}

/// Reads what has come; false at the end.
fn read_some(stream: &mut Stream, bytes: &mut Vec<u8>, until: Instant) -> io::Result<bool> {
    wait_at_most(stream.tcp(), until)?;
    let mut piece = [0; 2048];
    let count = stream.read(&mut piece)?;
    bytes.extend_from_slice(&piece[..count]);
    Ok(count > 0)
}

fn wait_at_most(tcp: &TcpStream, until: Instant) -> io::Result<()> {
    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    tcp.set_read_timeout(Some(left))?;
    tcp.set_write_timeout(Some(left))
}

/// RFC 6455 §4.1, on the server's answer.
fn check(answer: &Answer, key: &str) -> io::Result<()> {
    let lists = |name: &str, token: &str| {
        let values = answer.headers.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name));
        values.flat_map(|(_, it)| it.split(',')).any(|it| it.trim().eq_ignore_ascii_case(token))
    };
    if !lists("upgrade", "websocket") || !lists("connection", "upgrade") {
        return Err(malformed("it upgrades to something else"));
    }
    let accept = answer.header("sec-websocket-accept").map(str::trim);
    if accept != Some(&derive_accept_key(key.as_bytes())) {
        return Err(malformed("its Sec-WebSocket-Accept does not fit"));
    }
    let unasked = ["sec-websocket-extensions", "sec-websocket-protocol"];
    match unasked.iter().find(|name| answer.header(name).is_some()) {
        Some(name) => Err(malformed(&format!("it answers with {name}, unasked"))),
        None => Ok(()),
    }
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

fn malformed(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no valid answer to the handshake: {why}"))
}

/// Lines of a request without further headers, the empty one at its end included.
const LINES: usize = 7;

const MOST_HEAD: usize = 16 << 10;
const MOST_HEADERS: usize = 64;
const MOST_BODY: usize = 4 << 10;

/// A few hundred milliseconds of audio; a link has such a buffer for as long as it lives.
const READ_BUFFER: usize = 8 << 10;

/// What is sent at once: more than a tick brings.
const WRITE_BUFFER: usize = 16 << 10;

/// Bytes in a message: with `full_turn`, one delta can hold a whole turn of speech.
const MOST_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        Request {
            host: "h".into(),
            authority: "h:1".into(),
            target: "/x?y=z".into(),
            secure: false,
            headers: headers.iter().map(|&(a, b)| (a.into(), b.into())).collect(),
        }
    }

    #[test]
    fn no_value_becomes_a_header_of_its_own() {
        assert!(written(&request(&[("Authorization", "Basic x")]), "k").is_ok());
        for value in ["x\r\nEvil: 1", "x\nEvil: 1", "x\rEvil: 1"] {
            assert!(written(&request(&[("Authorization", value)]), "k").is_err());
        }
    }

    #[test]
    fn an_answer_is_checked_as_the_rfc_wants_it() {
        // The example of RFC 6455 §1.3.
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let good = [
            ("Upgrade", "WebSocket"),
            ("Connection", "keep-alive, Upgrade"),
            ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ];
        let answer = |headers: &[(&str, &str)]| Answer {
            status: 101,
            reason: String::new(),
            headers: headers.iter().map(|&(a, b)| (a.into(), b.into())).collect(),
            body: Vec::new(),
        };
        assert!(check(&answer(&good), key).is_ok());
        for missing in 0..good.len() {
            let mut headers = good.to_vec();
            headers.remove(missing);
            assert!(check(&answer(&headers), key).is_err());
        }
        assert!(check(&answer(&good), "another key").is_err());
        let compressed =
            [&good[..], &[("Sec-WebSocket-Extensions", "permessage-deflate")]].concat();
        assert!(check(&answer(&compressed), key).is_err());
    }

    #[test]
    fn a_head_is_taken_when_it_is_whole_and_what_follows_is_kept() {
        let whole = b"HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n";
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).unwrap().is_none());
        }
        let (answer, length) = parse(&[whole, &b"rest"[..]].concat()).unwrap().unwrap();
        assert_eq!((answer.status, length), (101, whole.len()));
        assert_eq!(answer.header("a"), Some("b"));
        assert!(parse(b"SIP/2.0 200 OK\r\n\r\n").is_err());
    }
}
