//! One call on a worker: its leg, its sockets, and all that passes between them.

use std::sync::Arc;
use std::time::Duration;

use fourwire::{ClockRate, Leg, Media, Moment, Output};
use socket2::SockAddr;

use crate::anteroom::Anteroom;
use crate::command::{LegId, Order, Remote};
use crate::counters::{Board, LineCounters};
use crate::event::{CloseCause, Closed, EventOutbox, Notice, append_frame, audio_frame};
use crate::latch::Verdict;
use crate::link::{LinkEnd, Links};
use crate::port::Sockets;
use crate::recorder::{Pause, Tape, TapeId, TapeOutbox};
use crate::route::Route;
use crate::security::{Security, SrtpKeys};
use crate::socket::{ArrivalClock, Inbox, Received, UdpSocket};

/// Where a line's output goes that is not for the network.
pub(crate) struct Outlets {
    pub(crate) events: EventOutbox,
    pub(crate) tapes: TapeOutbox,
    pub(crate) links: Links,
}

impl Outlets {
    /// Whether there is something in them that has yet to find room.
    pub(crate) fn is_waiting(&self) -> bool {
        self.events.is_waiting() || self.tapes.is_waiting() || self.links.is_waiting()
    }
}

/// A leg with everything that connects it to the world.
pub(crate) struct Line {
    pub(crate) id: LegId,
    leg: Leg,
    media: Media,
    sockets: Sockets,
    route: Route,
    security: Security,
    link: Option<LinkEnd>,
    anteroom: Anteroom,
    tape: Option<Tape>,
    counters: LineCounters,
    kernel_overflow: [u32; 2],
    board: Arc<Board>,
    shown: Moment,
}

/// Which socket of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Rtp,
    Rtcp,
}

/// What a step of a line was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Packet,
    Other,
}

impl Line {
    pub(crate) fn new(
        id: LegId,
        leg: Leg,
        media: Media,
        sockets: Sockets,
        (remote, keys): (Remote, Option<SrtpKeys>),
        board: Arc<Board>,
    ) -> Self {
        let route = Route::new(remote, sockets.address);
        Self {
            id,
            leg,
            media,
            sockets,
            route,
            security: Security::new(keys),
            link: None,
            anteroom: Anteroom::default(),
            tape: None,
            counters: LineCounters::default(),
            kernel_overflow: [0; 2],
            board,
            shown: Moment::default(),
        }
    }

    /// The sockets to be watched.
    pub(crate) const fn sockets(&self) -> [(Channel, &UdpSocket); 2] {
        [(Channel::Rtp, &self.sockets.rtp), (Channel::Rtcp, &self.sockets.rtcp)]
    }

    /// When to advance though nothing was received.
    pub(crate) fn deadline(&self) -> Moment {
        self.leg.deadline()
    }

    /// Does what the user wants. Speech is only taken in; it is decoded when it is due.
    pub(crate) fn obey(&mut self, now: Moment, order: Order, outlets: &mut Outlets) {
        match order {
            Order::Bridge(bridge, link) => {
                self.leg.bridge(bridge);
                self.link = link;
            }
            Order::Unbridge => {
                self.leg.unbridge();
                self.link = None;
            }
            Order::BeginResponse(response) => self.leg.begin_response(&response),
            // What the leg refuses, it counts; what it silences, it tells by an event.
            Order::Say { response, item, audio } => {
                let _ = self.leg.say(&response, &item, &audio);
            }
            Order::SayBackChannel(audio) => {
                let _ = self.leg.say_back_channel(&audio);
            }
            Order::Play(announcement) => self.leg.play(announcement),
            Order::StopPlaying(number) => self.leg.stop_playing(number),
            Order::BargeIn => drop(self.leg.barge_in()),
            Order::Clear => drop(self.leg.clear()),
            Order::SendDigits { digits, tone, gap } => self.send_digits(&digits, tone, gap),
            Order::HearInBandKeys(how) => self.leg.hear_in_band_keys(how),
            Order::Mask(on) => self.leg.mask(on),
            Order::Renegotiate(media, remote, keys) => {
                self.leg.renegotiate(now, media);
                self.media = media;
                self.route.rearm(remote);
                self.security.rekey(keys);
            }
            Order::Record(tape) => self.record(tape, outlets),
            Order::PauseRecording(pause) => self.pause_recording(pause),
            Order::Close => {}
        }
    }

    fn send_digits(&mut self, digits: &str, tone: Duration, gap: Duration) {
        if self.leg.send_digits(digits, tone, gap).is_err() {
            self.counters.digits_refused += 1;
        }
    }

    fn record(&mut self, tape: Option<(TapeId, ClockRate)>, outlets: &mut Outlets) {
        let now = self.leg.next_turn();
        if let Some(finished) = self.tape.take() {
            finished.end(now, &mut outlets.tapes);
        }
        self.leg.record(tape.map(|(_, rate)| rate));
        self.tape = tape.map(|(id, rate)| Tape::begin(id, now, rate, &mut outlets.tapes));
    }

    fn pause_recording(&mut self, pause: Option<Pause>) {
        let now = self.leg.next_turn();
        if let Some(tape) = &mut self.tape {
            tape.pause(now, pause);
        }
    }

    /// Sends what is due, up to the first thing that is not a packet: the packets of other legs
    /// come before the rest of this one.
    pub(crate) fn send_due(&mut self, now: Moment, outlets: &mut Outlets) {
        while self.step(now, outlets) == Some(Step::Packet) {}
    }

    /// Passes on all that is due.
    pub(crate) fn advance(&mut self, now: Moment, outlets: &mut Outlets) {
        while self.step(now, outlets).is_some() {}
        if now.since(self.shown) >= SHOW_INTERVAL {
            self.shown = now;
            self.board.publish(&self.leg.counters(), &self.counters);
        }
    }

    fn step(&mut self, now: Moment, outlets: &mut Outlets) -> Option<Step> {
        let Self { id, leg, sockets, route, security, link, tape, counters, .. } = self;
        match leg.poll(now)? {
            Output::Rtp(datagram) => {
                if let Some(datagram) = security.protect(datagram, counters) {
                    send(&sockets.rtp, route.rtp_target(), datagram, counters);
                }
                return Some(Step::Packet);
            }
            Output::Rtcp(datagram) => {
                let socket = if route.mux() { &sockets.rtp } else { &sockets.rtcp };
                if let Some(datagram) = security.protect_rtcp(datagram, counters) {
                    send(socket, route.rtcp_target(), datagram, counters);
                }
            }
            Output::Append(message) => {
                let sent = match link {
                    Some(link) => outlets.links.append(link, message),
                    None => outlets.events.send_frame(append_frame(*id, message)),
                };
                counters.chunks_dropped += u64::from(!sent);
            }
            Output::Audio { arrival, audio } => {
                let sent = outlets.events.send_frame(audio_frame(*id, arrival, audio));
                counters.chunks_dropped += u64::from(!sent);
            }
            Output::Recorded(stretch) => {
                let written = tape.as_mut().is_none_or(|it| it.write(stretch, &mut outlets.tapes));
                counters.recording_dropped += u64::from(!written);
            }
            Output::Event(event) => outlets.events.send((*id, Notice::Leg(event))),
        }
        Some(Step::Other)
    }

    /// Hears what has come to a socket; whether there may be more.
    pub(crate) fn receive(
        &mut self,
        channel: Channel,
        inbox: &mut Inbox,
        clock: &ArrivalClock,
        outlets: &mut Outlets,
    ) -> bool {
        for _ in 0..MOST_BATCHES {
            let received = match channel {
                Channel::Rtp => self.receive_rtp(inbox, clock, outlets),
                Channel::Rtcp => self.receive_rtcp(inbox, clock),
            };
            self.note(channel, received);
            if !received.more {
                return false;
            }
        }
        true
    }

    fn receive_rtp(
        &mut self,
        inbox: &mut Inbox,
        clock: &ArrivalClock,
        outlets: &mut Outlets,
    ) -> Received {
        let Self { id, leg, media, sockets, route, security, anteroom, counters, .. } = self;
        inbox.receive(&sockets.rtp, clock, |datagram| {
            let from = (datagram.source, datagram.arrival);
            // Who has not the key is nobody: only then it is asked where the packet came from.
            let Some(packet) = security.unprotect(datagram.bytes, counters) else { return };
            match route.judge_rtp(from, packet, media, security.is_on()) {
                Verdict::Probation => {
                    counters.probation += 1;
                    return anteroom.seat(from.0, from.1, packet);
                }
                Verdict::Reject => return counters.strangers += 1,
                Verdict::Accept => {}
                Verdict::Latch(peer) => {
                    counters.latched += 1;
                    outlets.events.send((*id, Notice::Latched(peer)));
                    for (arrival, packet) in anteroom.call_in(peer) {
                        counters.recalled += 1;
                        let _ = leg.receive(arrival, &packet); // counted by the leg
                    }
                }
            }
            let _ = leg.receive(datagram.arrival, packet); // counted by the leg
        })
    }

    fn receive_rtcp(&mut self, inbox: &mut Inbox, clock: &ArrivalClock) -> Received {
        let Self { leg, sockets, route, security, counters, .. } = self;
        inbox.receive(&sockets.rtcp, clock, |datagram| {
            let Some(packet) = security.unprotect_rtcp(datagram.bytes, counters) else { return };
            if route.accepts_rtcp(datagram.source) {
                let _ = leg.receive_rtcp(datagram.arrival, packet); // counted by the leg
            } else {
                counters.rtcp_strangers += 1;
            }
        })
    }

    fn note(&mut self, channel: Channel, received: Received) {
        self.counters.truncated += received.truncated;
        if let Some(overflow) = received.overflow {
            let before = &mut self.kernel_overflow[channel as usize];
            self.counters.kernel_overflow += u64::from(overflow.wrapping_sub(*before));
            *before = overflow;
        }
    }

    /// Says goodbye to the other side (RFC 3550 §6.6) and tells the user; the sockets close and
    /// the ports come free.
    pub(crate) fn close(mut self, now: Moment, cause: CloseCause, outlets: &mut Outlets) {
        self.record(None, outlets);
        let socket = if self.route.mux() { &self.sockets.rtp } else { &self.sockets.rtcp };
        let goodbye = self.security.protect_rtcp(self.leg.goodbye(now), &mut self.counters);
        if let Some(goodbye) = goodbye {
            send(socket, self.route.rtcp_target(), goodbye, &mut self.counters);
        }
        self.board.publish(&self.leg.counters(), &self.counters);
        self.tell_closed(cause, outlets);
    }

    /// Ends after a fault, without working on with the leg.
    pub(crate) fn abandon(mut self, outlets: &mut Outlets) {
        if let Some(tape) = self.tape.take() {
            tape.end(self.leg.next_turn(), &mut outlets.tapes);
        }
        self.tell_closed(CloseCause::Fault, outlets);
    }

    fn tell_closed(self, cause: CloseCause, outlets: &mut Outlets) {
        let closed = Closed { cause, counters: self.board.entries() };
        // First, so that whoever hears of it can have the ports.
        drop(self.sockets);
        outlets.events.send((self.id, Notice::Closed(closed)));
    }
}

fn send(
    socket: &UdpSocket,
    target: Option<&SockAddr>,
    datagram: &[u8],
    counters: &mut LineCounters,
) {
    match target {
        Some(target) => counters.unsent += u64::from(socket.send(datagram, target).is_err()),
        None => counters.nowhere_to_send += 1,
    }
}

/// How old the counters may be that other threads see.
const SHOW_INTERVAL: Duration = Duration::from_millis(100);

/// Batches taken off one socket in a tick: a flood on one port must not hold up the other calls,
/// and up to 25 000 packets a second it does not push out this caller's either.
const MOST_BATCHES: usize = 32;
