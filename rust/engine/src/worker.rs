//! A thread that runs legs: one absolute-deadline tick for all of them.
//!
//! A tick takes commands, hears what agents say, sends what is due, and only then listens, so that no amount of work
//! delays a packet that could have gone. After a stall of the thread it goes on with the grid as it
//! stands: nothing is caught up on, here or in the legs.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::fence;
use std::thread;
use std::time::Duration;

use fourwire::Moment;
use rtrb::Consumer;

use crate::command::{Command, Gate, LegId, Order};
use crate::counters::add;
use crate::event::{CloseCause, Doorbell, Notice};
use crate::line::{Channel, Line, Outlets};
use crate::recorder::TapeNote;
use crate::socket::{ArrivalClock, Inbox};
use crate::system::{self, Poller};

pub(crate) struct Worker {
    gate: Arc<Gate>,
    commands: Consumer<Command>,
    outlets: Outlets,
    doorbell: Arc<Doorbell>,
    tick: Duration,
    lines: Lines,
    closing: VecDeque<LegId>,
    poller: Poller,
    inbox: Inbox,
    ready: Vec<u64>,
    stopping: bool,
}

impl Worker {
    pub(crate) fn new(
        gate: Arc<Gate>,
        commands: Consumer<Command>,
        outlets: Outlets,
        doorbell: Arc<Doorbell>,
        tick: Duration,
    ) -> io::Result<Self> {
        Ok(Self {
            gate,
            commands,
            outlets,
            doorbell,
            tick,
            lines: Lines::default(),
            closing: VecDeque::new(),
            poller: Poller::new()?,
            inbox: Inbox::new(),
            ready: Vec::new(),
            stopping: false,
        })
    }

    /// Runs until told to stop, and gives back what could not be told any more.
    pub(crate) fn run(mut self) -> VecDeque<(LegId, Notice)> {
        system::sleep_precisely();
        while !self.stopping {
            if self.is_idle() {
                self.wait_for_work();
            }
            let due = after(system::now(), self.tick);
            system::sleep_until(due);
            let late = system::now().since(due);
            let busy = self.tick();
            self.gate.board.note_tick(late, busy);
        }
        self.close_all();
        self.outlets.events.into_waiting()
    }

    fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.outlets.links.is_empty() && !self.outlets.is_waiting()
    }

    fn wait_for_work(&mut self) {
        self.gate.idle.store(true, SeqCst);
        // Either we see what was sent, or the sender sees that we sleep.
        fence(SeqCst);
        while self.commands.is_empty() {
            thread::park();
        }
        self.gate.idle.store(false, SeqCst);
    }

    /// One tick; how long it took.
    fn tick(&mut self) -> Duration {
        let now = system::now();
        self.take_commands(now);
        self.send_due(now);
        let clock = ArrivalClock::read();
        self.receive(&clock);
        self.advance(clock.now());
        self.close_some(clock.now());
        self.outlets.links.flush(clock.now());
        self.tell();
        system::now().since(now)
    }

    /// Does what it was told up to now; what comes in the meantime is for the next tick.
    fn take_commands(&mut self, now: Moment) {
        for _ in 0..self.commands.slots() {
            match self.commands.pop() {
                Ok(Command::Start(line)) => self.open(line, now),
                Ok(Command::Tell(leg, Order::Close)) => self.closing.push_back(leg),
                Ok(Command::Tell(leg, order)) => self.obey(leg, order, now),
                Ok(Command::Open(link)) => self.outlets.links.open(link),
                Ok(Command::Link(link, order)) => self.outlets.links.obey(link, order, now),
                Ok(Command::Stop) => self.stopping = true,
                Err(_) => return,
            }
        }
    }

    fn open(&mut self, line: Box<Line>, now: Moment) {
        add(&self.gate.board.legs_started, 1);
        add(&self.gate.board.legs, 1);
        let slot = self.lines.insert(line);
        let Some(line) = self.lines.get(slot) else { return };
        let watched = line.sockets().into_iter().try_for_each(|(channel, socket)| {
            self.poller.watch(socket.as_fd(), token(slot, channel))
        });
        if watched.is_err() {
            self.close(slot, now, CloseCause::SocketRefused);
        }
    }

    fn obey(&mut self, leg: LegId, order: Order, now: Moment) {
        if let Some(slot) = self.lines.slot_of(leg) {
            self.guard(slot, |line, outlets, _| line.obey(now, order, outlets));
            self.lines.touch(slot);
        } else if let Order::Record(Some((tape, _))) = order {
            // A leg that is gone has nothing to do any more, but the file was opened for it.
            self.outlets.tapes.send(TapeNote::Began(tape, now));
            self.outlets.tapes.send(TapeNote::Ended { id: tape, end: 0, dropped: 0 });
        }
    }

    /// Has legs do what their agents say, so that the packets of this very tick go by it.
    fn hear_agents(&mut self, now: Moment) {
        self.outlets.links.receive(now);
        let mut orders = self.outlets.links.take_orders();
        for (to, order) in orders.drain(..) {
            if Arc::ptr_eq(&to.gate, &self.gate) {
                self.obey(to.leg, order, now);
            } else {
                // Where it is refused, it is counted.
                let _ = to.gate.offer(Command::Tell(to.leg, order));
            }
        }
        self.outlets.links.put_back(orders);
    }

    /// Sends the packets that are due, and hears agents between them: sending many takes a while,
    /// and what is said meanwhile is for those that have yet to leave.
    fn send_due(&mut self, now: Moment) {
        self.hear_agents(now);
        let mut sent = 0;
        for slot in 0..self.lines.len() {
            if self.lines.is_due(slot, now) {
                if sent == SENT_IN_A_ROW {
                    self.hear_agents(now);
                    sent = 0;
                }
                self.guard(slot, |line, outlets, _| line.send_due(now, outlets));
                sent += 1;
            }
        }
    }

    fn receive(&mut self, clock: &ArrivalClock) {
        let mut ready = std::mem::take(&mut self.ready);
        self.poller.ready(&mut ready);
        // What is not read to its end is taken up again in the next tick.
        ready.retain(|&token| self.receive_from(token, clock));
        self.ready = ready;
    }

    /// Hears what came to one socket; whether there may be more.
    fn receive_from(&mut self, token: u64, clock: &ArrivalClock) -> bool {
        let (slot, channel) = from_token(token);
        let mut more = false;
        self.guard(slot, |line, outlets, inbox| {
            more = line.receive(channel, inbox, clock, outlets);
        });
        self.lines.touch(slot);
        more
    }

    fn advance(&mut self, now: Moment) {
        for slot in 0..self.lines.len() {
            if self.lines.is_due(slot, now) {
                self.guard(slot, |line, outlets, _| line.advance(now, outlets));
                self.lines.settle(slot);
            }
        }
    }

    /// Closes a few of the legs that are to be closed: sockets take their time to close, and those
    /// calls that go on must not notice when many end at once.
    fn close_some(&mut self, now: Moment) {
        for _ in 0..CLOSED_IN_A_TICK {
            let Some(leg) = self.closing.pop_front() else { return };
            if let Some(slot) = self.lines.slot_of(leg) {
                self.close(slot, now, CloseCause::Asked);
            }
        }
    }

    fn close_all(&mut self) {
        let now = system::now();
        for slot in 0..self.lines.len() {
            self.close(slot, now, CloseCause::EngineClosed);
        }
        self.outlets.links.close_all();
        self.tell();
    }

    fn close(&mut self, slot: usize, now: Moment, cause: CloseCause) {
        if let Some(line) = self.lines.remove(slot) {
            line.close(now, cause, &mut self.outlets);
            self.gate.board.legs.fetch_sub(1, Relaxed);
        }
    }

    /// Lets a line work; a fault of ours in it ends that call and no other.
    fn guard(&mut self, slot: usize, work: impl FnOnce(&mut Line, &mut Outlets, &mut Inbox)) {
        let Self { lines, outlets, inbox, .. } = self;
        let Some(line) = lines.get_mut(slot) else { return };
        if catch_unwind(AssertUnwindSafe(|| work(line, outlets, inbox))).is_err()
            && let Some(line) = lines.remove(slot)
        {
            line.abandon(outlets);
            add(&self.gate.board.legs_failed, 1);
            self.gate.board.legs.fetch_sub(1, Relaxed);
        }
    }

    /// Wakes the user, if there is anything to tell.
    fn tell(&mut self) {
        self.outlets.events.flush();
        self.outlets.tapes.flush();
        let told = self.outlets.links.tell();
        if self.outlets.events.take_filled() || told {
            self.doorbell.ring();
        }
        self.gate.board.links.store(self.outlets.links.len() as u64, Relaxed);
        self.gate.board.events_dropped.store(self.outlets.events.dropped(), Relaxed);
    }
}

/// The lines of a worker in slots, so that a tick looks at one array of deadlines and touches only
/// the lines that are due.
#[derive(Default)]
struct Lines {
    lines: Vec<Option<Box<Line>>>,
    due: Vec<Moment>,
    free: Vec<usize>,
    slots: HashMap<LegId, usize>,
}

impl Lines {
    fn insert(&mut self, line: Box<Line>) -> usize {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.lines.push(None);
            self.due.push(NEVER);
            self.lines.len() - 1
        });
        self.slots.insert(line.id, slot);
        self.due[slot] = line.deadline();
        self.lines[slot] = Some(line);
        slot
    }

    fn remove(&mut self, slot: usize) -> Option<Box<Line>> {
        let line = self.lines.get_mut(slot)?.take()?;
        self.slots.remove(&line.id);
        self.due[slot] = NEVER;
        self.free.push(slot);
        Some(line)
    }

    fn get(&self, slot: usize) -> Option<&Line> {
        self.lines.get(slot)?.as_deref()
    }

    fn get_mut(&mut self, slot: usize) -> Option<&mut Line> {
        self.lines.get_mut(slot)?.as_deref_mut()
    }

    fn slot_of(&self, leg: LegId) -> Option<usize> {
        self.slots.get(&leg).copied()
    }

    fn is_due(&self, slot: usize, now: Moment) -> bool {
        self.due[slot] <= now
    }

    /// Something was fed to the line: it has to be looked at in this tick.
    fn touch(&mut self, slot: usize) {
        if self.get(slot).is_some() {
            self.due[slot] = Moment::default();
        }
    }

    /// The line has nothing more to do before its deadline.
    fn settle(&mut self, slot: usize) {
        self.due[slot] = self.get(slot).map_or(NEVER, Line::deadline);
    }

    fn len(&self) -> usize {
        self.lines.len()
    }

    fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

/// The next point of the grid of `tick` after `now`.
pub(crate) fn after(now: Moment, tick: Duration) -> Moment {
    let tick = tick.as_nanos() as u64;
    Moment::from_nanos((now.as_nanos() / tick + 1) * tick)
}

const fn token(slot: usize, channel: Channel) -> u64 {
    slot as u64 * 2 + channel as u64
}

const fn from_token(token: u64) -> (usize, Channel) {
    ((token / 2) as usize, if token.is_multiple_of(2) { Channel::Rtp } else { Channel::Rtcp })
}

/// The deadline of an empty slot.
const NEVER: Moment = Moment::from_nanos(u64::MAX);

/// Legs that send before agents are heard again: some fifty microseconds.
const SENT_IN_A_ROW: usize = 8;

/// Legs closed in a tick; with two sockets each, this stays below a millisecond.
const CLOSED_IN_A_TICK: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_that_was_missed_is_not_made_up_for() {
        let (tick, at) = (Duration::from_millis(5), Moment::from_millis);
        assert_eq!(after(at(10), tick), at(15));
        assert_eq!(after(at(14), tick), at(15));
        assert_eq!(after(at(15), tick), at(20));
        assert_eq!(after(at(1_003), tick), at(1_005));
    }

    #[test]
    fn a_token_says_which_socket_of_which_line() {
        for channel in [Channel::Rtp, Channel::Rtcp] {
            assert_eq!(from_token(token(77, channel)), (77, channel));
        }
    }
}
