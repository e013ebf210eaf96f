//! A running leg, as the rest of the process holds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use fourwire::speak::Announcement;
use fourwire::wire::Key;
use fourwire::{Bridge, ClockRate, Codec, InBandKeys, Media};

use crate::command::{Command, Gate, Heard, LegId, Order, Remote, hear};
use crate::counters::Board;
use crate::engine::Shared;
use crate::link::LinkHandle;
use crate::recorder::{Pause, Recording};
use crate::security::SrtpKeys;

/// A leg that runs on a worker of an engine. All verbs return at once; what they lead to comes as
/// events. Dropped, it closes.
///
/// It may be used from many threads. What one thread says arrives in the order in which it was
/// said.
pub struct LegHandle {
    id: LegId,
    port: u16,
    gate: Arc<Gate>,
    board: Arc<Board>,
    engine: Arc<Shared>,
    /// Samples a second of the codec, for the recording that may begin.
    hertz: AtomicU32,
    closed: AtomicBool,
}

impl LegHandle {
    pub(crate) const fn new(
        id: LegId,
        port: u16,
        codec: Codec,
        gate: Arc<Gate>,
        board: Arc<Board>,
        engine: Arc<Shared>,
    ) -> Self {
        let hertz = AtomicU32::new(codec.audio_rate().hertz());
        Self { id, port, gate, board, engine, hertz, closed: AtomicBool::new(false) }
    }

    /// The name under which events of this leg come.
    pub const fn id(&self) -> LegId {
        self.id
    }

    /// The port of its RTP.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Lets the agent hear and be heard.
    pub fn bridge(&self, bridge: Bridge) {
        self.tell(Order::Bridge(bridge, None));
    }

    /// The same, with messages for the agent going by `link` and not to [`Engine::take`].
    ///
    /// [`Engine::take`]: crate::Engine::take
    pub fn bridge_by(&self, bridge: Bridge, link: &LinkHandle) {
        self.tell(Order::Bridge(bridge, Some(link.end())));
    }

    /// Parts the agent from the caller: silence both ways.
    pub fn unbridge(&self) {
        self.tell(Order::Unbridge);
    }

    /// Takes in a message of the agent as it came from the WebSocket. True where it was audio and
    /// is done with; every other message is for the session's parser, also `response.created` and
    /// `speech_started`, of which the leg is told before this returns.
    ///
    /// The message is read and its audio decoded on the calling thread, not on the worker.
    pub fn receive_message(&self, message: &[u8]) -> bool {
        let Heard { order, consumed } = hear(message);
        match order {
            // Where it is refused, it is counted, and nobody else can do anything with it.
            Some(audio) if consumed => drop(self.offer(audio)),
            Some(order) => self.tell(order),
            None => {}
        }
        consumed
    }

    /// Learns that the agent has begun `response`, before any of its audio.
    pub fn begin_response(&self, response: &str) {
        self.tell(Order::BeginResponse(response.into()));
    }

    /// Speaks `audio` of `item` of `response`, in the bridge's output format. False where it was
    /// refused because too much waits, or the leg is gone.
    pub fn say(&self, response: &str, item: &str, audio: &[u8]) -> bool {
        let (response, item, audio) = (response.into(), item.into(), audio.to_vec());
        self.offer(Order::Say { response, item, audio })
    }

    /// Mixes `audio`, in the bridge's back-channel format, under what is spoken; false as in
    /// [`say`](Self::say).
    pub fn say_back_channel(&self, audio: &[u8]) -> bool {
        self.offer(Order::SayBackChannel(audio.to_vec()))
    }

    /// Falls silent: the caller has begun to speak. Where that silenced anything, an
    /// [`Event::Interrupted`](fourwire::Event::Interrupted) tells what.
    pub fn barge_in(&self) {
        self.tell(Order::BargeIn);
    }

    /// Falls silent in both lanes.
    pub fn clear(&self) {
        self.tell(Order::Clear);
    }

    /// Plays `announcement` to the caller, bridged or not; [`Event::Played`](fourwire::Event::Played)
    /// tells of its end. False as in [`say`](Self::say).
    pub fn play(&self, announcement: Announcement) -> bool {
        self.offer(Order::Play(announcement))
    }

    /// Stops the announcement of that number.
    pub fn stop_playing(&self, number: u64) {
        self.tell(Order::StopPlaying(number));
    }

    /// Sends `digits` as telephone events (RFC 4733), each for `tone` with `gap` after it. Where
    /// the other side takes none, they are dropped and counted.
    ///
    /// # Errors
    /// A character that stands for no key is given back, and nothing is sent.
    pub fn send_digits(&self, digits: &str, tone: Duration, gap: Duration) -> Result<(), char> {
        if let Some(unknown) = digits.chars().find(|&digit| Key::new(digit).is_none()) {
            return Err(unknown);
        }
        self.tell(Order::SendDigits { digits: digits.into(), tone, gap });
        Ok(())
    }

    /// Hears the tones of keys in the caller's audio (ITU-T Q.23) from now on, or no longer.
    pub fn hear_in_band_keys(&self, how: InBandKeys) {
        self.tell(Order::HearInBandKeys(how));
    }

    /// Puts silence in place of the caller's audio, for the agent and in the recording, while
    /// something is typed that nobody else must know.
    pub fn mask(&self, on: bool) {
        self.tell(Order::Mask(on));
    }

    /// Goes by what a new offer and answer agreed on (RFC 3264 §8), and learns the caller's
    /// address anew. Where there are `keys`, all packets are under SRTP from now on.
    pub fn renegotiate(&self, media: Media, remote: Remote, keys: Option<SrtpKeys>) {
        self.hertz.store(media.codec.audio_rate().hertz(), Relaxed);
        self.tell(Order::Renegotiate(media, remote, keys));
    }

    /// Begins a recording of the call, in place of any that runs; `None` finishes that. Until it
    /// is finished it is called `path.part`. It has the rate of the present codec, whatever others
    /// come after it. [`EngineEvent::Recording`](crate::EngineEvent::Recording) tells what becomes
    /// of it.
    pub fn record(&self, recording: Option<Recording>) {
        let rate = ClockRate::new(self.hertz.load(Relaxed)).unwrap_or(ClockRate::Hz8000);
        let open = |recording| (self.engine.recorder.open(self.id, recording, rate), rate);
        self.tell(Order::Record(recording.map(open)));
    }

    /// Records nothing for a while, if a recording runs; `None` goes on.
    pub fn pause_recording(&self, pause: Option<Pause>) {
        self.tell(Order::PauseRecording(pause));
    }

    /// All its counters with their names, not older than the tenth of a second.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        self.board.entries()
    }

    /// Ends the call; [`EngineEvent::Closed`](crate::EngineEvent::Closed) follows. A second time
    /// changes nothing.
    pub fn close(&self) {
        if !self.closed.swap(true, Relaxed) {
            self.tell(Order::Close);
        }
    }

    /// Where orders to this leg go.
    pub(crate) fn place(&self) -> (LegId, Arc<Gate>) {
        (self.id, Arc::clone(&self.gate))
    }

    fn offer(&self, order: Order) -> bool {
        self.gate.offer(Command::Tell(self.id, order))
    }

    fn tell(&self, order: Order) {
        // Where the worker is gone, so is the leg, and its end was told.
        let _ = self.gate.send(Command::Tell(self.id, order));
    }
}

impl Drop for LegHandle {
    fn drop(&mut self) {
        self.close();
    }
}
