//! One WebSocket on a worker: what goes in and out of it, and how it ends.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use fourwire::Moment;
use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::{Bytes, Message, WebSocket};

use super::stream::Stream;
use super::waiting::{Kind, Waiting};
use super::{Farewell, Heartbeat, LegEnd, LinkBoard, LinkId, Opened};
use crate::command::{Heard, Order, hear};

pub(crate) struct Link {
    pub(super) id: LinkId,
    socket: WebSocket<Stream>,
    waiting: Waiting,
    /// Whether the network took less than it was given.
    stalled: bool,
    partner: Option<LegEnd>,
    halted: bool,
    board: Arc<LinkBoard>,
    heartbeat: Heartbeat,
    beat: Beat,
    /// Until when the server may take to say goodbye to us.
    leaving: Option<Moment>,
}

/// Where the pings stand.
#[derive(Clone, Copy, Debug)]
enum Beat {
    /// The server was heard at this moment.
    Heard(Moment),
    /// A ping went out at this moment.
    Asked(Moment),
}

/// How much is left to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Nothing,
    Something,
}

/// Where what was read goes.
pub(super) trait Ears {
    /// What the agent has for a leg.
    fn order(&mut self, to: &LegEnd, order: Order);
    /// What the agent has for the user.
    fn message(&mut self, message: Bytes);
}

impl Link {
    pub(crate) fn new(
        id: LinkId,
        opened: Opened,
        heartbeat: Heartbeat,
        board: Arc<LinkBoard>,
        now: Moment,
    ) -> Self {
        Self {
            id,
            socket: opened.socket,
            waiting: Waiting::default(),
            stalled: false,
            partner: None,
            halted: false,
            board,
            heartbeat,
            beat: Beat::Heard(now),
            leaving: None,
        }
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.get_ref().as_fd()
    }

    /// Reads no more until joined.
    pub(super) fn halt(&mut self) {
        self.halted = true;
    }

    /// Lets `leg` have what is for it, from the next message on.
    pub(super) fn join(&mut self, leg: LegEnd) {
        self.halted = false;
        self.partner = Some(leg);
    }

    /// Lets no leg have anything any more.
    pub(super) fn part(&mut self) {
        self.halted = false;
        self.partner = None;
    }

    /// Queues a message.
    pub(super) fn push(&mut self, frame: impl Into<Bytes>, kind: Kind) {
        self.board.note_dropped(self.waiting.push(frame.into(), kind));
    }

    /// Begins to say goodbye, after all that waits.
    pub(super) fn leave(&mut self, now: Moment) {
        self.leaving.get_or_insert(now + GOODBYE);
        self.halted = false;
    }

    /// Sends what waits, as far as the network takes it; whether something that had stood still
    /// is under way again.
    pub(super) fn flush(&mut self) -> Result<bool, Farewell> {
        let was_stalled = self.stalled;
        let flushed = self.write().and_then(|()| self.say_goodbye());
        self.stalled = match flushed {
            Ok(()) => false,
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(error) => return Err(self.farewell(error)),
        };
        self.board.show_backlog(if self.stalled { self.waiting.bytes().max(1) } else { 0 });
        Ok(was_stalled && !self.stalled)
    }

    /// Whether there is something to flush.
    pub(super) fn has_to_flush(&self) -> bool {
        self.stalled
            || !self.waiting.is_empty()
            || self.leaving.is_some() && self.socket.can_write()
    }

    fn write(&mut self) -> Result<(), Error> {
        if self.stalled {
            self.socket.flush()?;
        }
        while self.socket.can_write()
            && let Some(frame) = self.waiting.pop()
        {
            self.board.note_sent();
            // It is JSON of ours: not looked at again for being UTF-8.
            let frame = Frame::message(frame, OpCode::Data(Data::Text), true);
            self.socket.write(Message::Frame(frame))?;
        }
        self.socket.flush()
    }

    fn say_goodbye(&mut self) -> Result<(), Error> {
        if self.leaving.is_none() || !self.socket.can_write() {
            return Ok(());
        }
        self.socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() }))
    }

    /// Reads what has come, but not more than about `room`, nor than the user can take; what was
    /// read is taken off `room`.
    pub(super) fn read(
        &mut self,
        now: Moment,
        room: &mut usize,
        ears: &mut impl Ears,
    ) -> Result<Left, Farewell> {
        while *room > 0 && !self.halted && !self.board.is_full() {
            let message = match self.socket.read() {
                Ok(message) => message,
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    // It may be the way out that blocks; then nobody tells when there is more.
                    let clogged = self.stalled || self.socket.get_ref().is_clogged();
                    return Ok(if clogged { Left::Something } else { Left::Nothing });
                }
                Err(error) => return Err(self.farewell(error)),
            };
            self.beat = Beat::Heard(now);
            *room = room.saturating_sub(message.len());
            match message {
                Message::Text(text) => self.hear(text.into(), ears),
                Message::Binary(bytes) => self.hear(bytes, ears),
                Message::Close(frame) => return Err(self.answer_goodbye(frame)),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
        Ok(Left::Something)
    }

    fn hear(&mut self, message: Bytes, ears: &mut impl Ears) {
        let heard = match &self.partner {
            Some(leg) => match hear(&message) {
                Heard { order: Some(order), consumed } => {
                    ears.order(leg, order);
                    consumed
                }
                Heard { order: None, consumed } => consumed,
            },
            None => false,
        };
        self.board.note_received(heard);
        if !heard {
            self.board.tell(message.len());
            ears.message(message);
        }
    }

    /// Looks after time: a ping that is due, an answer that is missing, a goodbye that takes too long.
    pub(super) fn tend(&mut self, now: Moment) -> Result<(), Farewell> {
        if self.leaving.is_some_and(|until| now >= until) {
            let reason = "the server did not say goodbye".into();
            return Err(Farewell { code: CloseCode::Normal.into(), reason, clean: false });
        }
        // Who does not listen must not complain of silence.
        let deaf = self.halted || self.board.is_full() || self.leaving.is_some();
        let passed = |since: Moment, time: Option<Duration>| {
            !deaf && time.is_some_and(|time| now.since(since) >= time)
        };
        match self.beat {
            Beat::Heard(at) if passed(at, self.heartbeat.interval) => self.ping(now),
            Beat::Asked(at) if passed(at, self.heartbeat.patience) => {
                Err(self.end(CloseCode::Error, "keepalive ping timeout"))
            }
            Beat::Heard(_) | Beat::Asked(_) => Ok(()),
        }
    }

    fn ping(&mut self, now: Moment) -> Result<(), Farewell> {
        self.beat = Beat::Asked(now);
        match self.socket.send(Message::Ping(Bytes::new())) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.stalled = true;
                Ok(())
            }
            Err(error) => Err(self.farewell(error)),
            Ok(()) => Ok(()),
        }
    }

    /// Closes without waiting for anything.
    pub(super) fn abort(&mut self, reason: &str) -> Farewell {
        self.end(CloseCode::Away, reason)
    }

    fn answer_goodbye(&mut self, frame: Option<CloseFrame>) -> Farewell {
        let _ = self.socket.flush(); // the answer is written already
        self.socket.get_mut().take_leave();
        match frame {
            Some(frame) => {
                let reason = frame.reason.as_str().to_owned();
                Farewell { code: frame.code.into(), reason, clean: true }
            }
            None => Farewell { code: CloseCode::Status.into(), reason: String::new(), clean: true },
        }
    }

    /// How it ends by `error`, which the server is told where it is its own.
    fn farewell(&mut self, error: Error) -> Farewell {
        let reason = error.to_string();
        match error {
            Error::Capacity(_) => self.end(CloseCode::Size, &reason),
            Error::Utf8(_) => self.end(CloseCode::Invalid, &reason),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_) => {
                let code =
                    if self.leaving.is_some() { CloseCode::Normal } else { CloseCode::Abnormal };
                Farewell { code: code.into(), reason, clean: false }
            }
            _ => self.end(CloseCode::Protocol, &reason),
        }
    }

    fn end(&mut self, code: CloseCode, reason: &str) -> Farewell {
        let _ = self.socket.close(Some(CloseFrame { code, reason: "".into() }));
        self.socket.get_mut().take_leave();
        Farewell { code: code.into(), reason: reason.into(), clean: false }
    }
}

/// How long the server may take to say goodbye; the caller has hung up by then.
const GOODBYE: Duration = Duration::from_secs(2);
