//! All links of a worker.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use fourwire::Moment;
use tungstenite::Bytes;

use super::socket::{Ears, Left};
use super::waiting::Kind;
use super::{Farewell, LegEnd, Link, LinkEnd, LinkEvent, LinkId, LinkOrder};
use crate::command::{Command, Gate, Order};
use crate::outbox::Outbox;
use crate::system::Poller;

pub(crate) type LinkOutbox = Outbox<(LinkId, LinkEvent)>;

pub(crate) struct Links {
    links: HashMap<LinkId, Box<Link>>,
    gate: Arc<Gate>,
    poller: Poller,
    ready: Vec<u64>,
    turn: usize,
    /// Links that have something to send in this tick.
    eager: Vec<LinkId>,
    /// What agents have said to legs, until the worker takes it.
    orders: Vec<(LegEnd, Order)>,
    tended: Moment,
    events: LinkOutbox,
}

impl Links {
    pub(crate) fn new(gate: Arc<Gate>, events: LinkOutbox) -> io::Result<Self> {
        Ok(Self {
            links: HashMap::new(),
            gate,
            poller: Poller::new()?,
            ready: Vec::new(),
            turn: 0,
            eager: Vec::new(),
            orders: Vec::new(),
            tended: Moment::default(),
            events,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.links.len()
    }

    pub(crate) fn open(&mut self, link: Box<Link>) {
        let id = link.id;
        let watched = self.poller.watch(link.descriptor(), id.0);
        self.links.insert(id, link);
        match watched {
            // What came with the handshake is in a buffer already, and nothing tells of it.
            Ok(()) => self.ready.push(id.0),
            Err(error) => self.abort(id, &error.to_string()),
        }
    }

    pub(crate) fn obey(&mut self, id: LinkId, order: LinkOrder, now: Moment) {
        let Some(link) = self.links.get_mut(&id) else { return };
        match order {
            LinkOrder::Send(frame) => link.push(frame, Kind::Command),
            LinkOrder::Append(frame) => link.push(frame, Kind::Audio),
            LinkOrder::Halt => {
                link.halt();
                self.events.send((id, LinkEvent::Halted));
            }
            LinkOrder::Join(leg) => link.join(leg),
            LinkOrder::Part => {
                link.part();
                self.events.send((id, LinkEvent::Parted));
            }
            LinkOrder::Close => link.leave(now),
        }
        self.eager.push(id);
    }

    /// Sends a leg's audio to its agent; false where it cannot get there.
    pub(crate) fn append(&mut self, to: &LinkEnd, message: &[u8]) -> bool {
        if let Some(link) = self.links.get_mut(&to.link) {
            link.push(message.to_vec(), Kind::Audio);
            self.eager.push(to.link);
            return true;
        }
        let elsewhere = !Arc::ptr_eq(&to.gate, &self.gate);
        elsewhere && to.gate.offer(Command::Link(to.link, LinkOrder::Append(message.to_vec())))
    }

    /// Reads what agents have said. What they said to legs of this worker is handed to `obey`.
    pub(crate) fn receive(&mut self, now: Moment) {
        if self.links.is_empty() {
            return;
        }
        let mut ready = std::mem::take(&mut self.ready);
        self.poller.ready(&mut ready);
        ready.sort_unstable();
        ready.dedup();
        // Another one first each time, so that nobody's room is always taken by the same others.
        self.turn = self.turn.wrapping_add(1);
        let first = self.turn % ready.len().max(1);
        ready.rotate_left(first);
        let mut all_room = MOST_READ_IN_ALL;
        // What is not read to its end is taken up again in the next tick.
        ready.retain(|&id| self.receive_from(LinkId(id), now, &mut all_room));
        self.ready = ready;
    }

    /// What was said to legs, in its order, by what was read last.
    pub(crate) fn take_orders(&mut self) -> Vec<(LegEnd, Order)> {
        std::mem::take(&mut self.orders)
    }

    /// Gives back the room of orders that were taken.
    pub(crate) fn put_back(&mut self, mut orders: Vec<(LegEnd, Order)>) {
        orders.clear();
        self.orders = orders;
    }

    /// Reads one link, within the room that it and all of them have; whether there may be more.
    fn receive_from(&mut self, id: LinkId, now: Moment, all_room: &mut usize) -> bool {
        let Self { orders, events, .. } = self;
        let mut ears = Hearing { id, orders, events };
        let given = MOST_READ.min(*all_room);
        let mut room = given;
        let read = guarded(&mut self.links, id, |link| link.read(now, &mut room, &mut ears));
        *all_room -= given - room;
        match read {
            Some(Ok(left)) => left == Left::Something,
            Some(Err(farewell)) => {
                self.close(id, farewell);
                false
            }
            None => false,
        }
    }

    /// Sends what there is to send, and looks after pings and goodbyes.
    pub(crate) fn flush(&mut self, now: Moment) {
        let mut eager = std::mem::take(&mut self.eager);
        eager.sort_unstable();
        eager.dedup();
        eager.retain(|&id| self.flush_one(id));
        self.eager = eager;
        if now.since(self.tended) >= TEND_INTERVAL {
            self.tended = now;
            self.tend(now);
        }
    }

    /// Flushes a link; whether it has to be tried again.
    fn flush_one(&mut self, id: LinkId) -> bool {
        match guarded(&mut self.links, id, Link::flush) {
            Some(Ok(relieved)) => {
                if relieved {
                    self.events.send((id, LinkEvent::Relieved));
                }
                self.links.get(&id).is_some_and(|link| link.has_to_flush())
            }
            Some(Err(farewell)) => {
                self.close(id, farewell);
                false
            }
            None => false,
        }
    }

    fn tend(&mut self, now: Moment) {
        let mut over = Vec::new();
        for (&id, link) in &mut self.links {
            if let Err(farewell) = link.tend(now) {
                over.push((id, farewell));
            } else if link.has_to_flush() {
                self.eager.push(id);
            }
        }
        for (id, farewell) in over {
            self.close(id, farewell);
        }
    }

    pub(crate) fn close_all(&mut self) {
        let ids: Vec<_> = self.links.keys().copied().collect();
        for id in ids {
            self.abort(id, "the engine was closed");
        }
    }

    fn abort(&mut self, id: LinkId, reason: &str) {
        if let Some(link) = self.links.get_mut(&id) {
            let farewell = link.abort(reason);
            self.close(id, farewell);
        }
    }

    fn close(&mut self, id: LinkId, farewell: Farewell) {
        self.links.remove(&id);
        self.events.send((id, LinkEvent::Closed(farewell)));
    }

    /// Lets the user know, if there is anything; whether there was.
    pub(crate) fn tell(&mut self) -> bool {
        self.events.flush();
        self.events.take_filled()
    }

    /// Whether there is something that has yet to find room.
    pub(crate) fn is_waiting(&self) -> bool {
        self.events.is_waiting()
    }
}

/// Lets a link work; a fault of ours in it ends that link and no other.
fn guarded<T>(
    links: &mut HashMap<LinkId, Box<Link>>,
    id: LinkId,
    work: impl FnOnce(&mut Link) -> Result<T, Farewell>,
) -> Option<Result<T, Farewell>> {
    let link = links.get_mut(&id)?;
    Some(catch_unwind(AssertUnwindSafe(|| work(link))).unwrap_or_else(|_| Err(fault())))
}

fn fault() -> Farewell {
    Farewell { code: 1006, reason: "a fault of ours".into(), clean: false }
}

/// What is heard on one link, on its way out of the worker's tick.
struct Hearing<'a> {
    id: LinkId,
    orders: &'a mut Vec<(LegEnd, Order)>,
    events: &'a mut LinkOutbox,
}

impl Ears for Hearing<'_> {
    fn order(&mut self, to: &LegEnd, order: Order) {
        self.orders.push((to.clone(), order));
    }

    fn message(&mut self, message: Bytes) {
        self.events.send((self.id, LinkEvent::Message(message)));
    }
}

/// Bytes taken off one link in a tick, and off all: servers that send faster than they can be heard
/// must not hold up the packets of the other calls.
const MOST_READ: usize = 64 << 10;
const MOST_READ_IN_ALL: usize = 1 << 20;

/// How often pings and goodbyes are looked after.
const TEND_INTERVAL: Duration = Duration::from_millis(100);
