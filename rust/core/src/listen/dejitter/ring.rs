//! Packets that wait for their turn, in room taken once.

use crate::Moment;

/// Packets that can wait: more than a second of them, which no reordering needs and only a burst
/// after a stall can fill.
pub(super) const SLOTS: usize = 64;

/// Bytes of payload that a slot takes at most: 120 ms of G.711 or G.722, twice the longest packet
/// time in use.
pub(super) const SLOT_ROOM: usize = 960;

/// Bytes that it takes until a packet needs more: 40 ms. The room of all slots is most of what a
/// call keeps in memory, and few calls have longer packets.
const USUAL_ROOM: usize = 320;

/// Packets by number, which counts them without wrap and without gaps over restarts.
///
/// The numbers of all that wait lie within one turn of the ring, so that none takes another's
/// slot and the first is found without a search of more than a turn.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    slots: Box<[Slot; SLOTS]>,
    /// Slot after slot, each of `stride` bytes.
    room: Box<[u8]>,
    stride: usize,
    /// Packets that wait.
    occupied: usize,
    /// Those among them that carry audio.
    audible: usize,
    /// The highest number that waits, where one does.
    highest: i64,
}

/// A packet that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) number: i64,
    /// Its first sample's place in the timeline.
    pub(super) position: i64,
    /// Zero where the packet only keeps its number's place.
    pub(super) samples: i64,
    pub(super) arrival: Moment,
    len: usize,
}

impl Slot {
    const FREE: Self =
        Self { number: -1, position: 0, samples: 0, arrival: Moment::from_nanos(0), len: 0 };

    pub(super) const fn keeping_place(number: i64, arrival: Moment) -> Self {
        Self { number, position: 0, samples: 0, arrival, len: 0 }
    }

    pub(super) const fn audible(number: i64, position: i64, samples: i64, arrival: Moment) -> Self {
        Self { number, position, samples, arrival, len: 0 }
    }

    pub(super) const fn end(&self) -> i64 {
        self.position + self.samples
    }
}

impl Ring {
    pub(super) fn new() -> Self {
        Self {
            slots: Box::new([Slot::FREE; SLOTS]),
            room: vec![0; SLOTS * USUAL_ROOM].into_boxed_slice(),
            stride: USUAL_ROOM,
            occupied: 0,
            audible: 0,
            highest: 0,
        }
    }

    /// Packets with audio that wait.
    pub(super) const fn audible(&self) -> usize {
        self.audible
    }

    #[inline]
    pub(super) fn get(&self, number: i64) -> Option<&Slot> {
        Some(&self.slots[index(number)]).filter(|slot| slot.number == number)
    }

    /// The first packet that waits from `number` on.
    #[inline]
    pub(super) fn first(&self, number: i64) -> Option<&Slot> {
        if self.occupied == 0 {
            return None;
        }
        self.get(number).or_else(|| self.from(number).next())
    }

    /// The packets that wait from `number` on, in order.
    pub(super) fn from(&self, number: i64) -> impl Iterator<Item = &Slot> {
        let first = number.max(self.highest - SLOTS as i64 + 1);
        let last = if self.occupied == 0 { first - 1 } else { self.highest };
        (first..=last).filter_map(|number| self.get(number))
    }

    /// Keeps a packet; `false` where there is no room for it. `next` is the lowest number that can
    /// still be put.
    #[inline]
    pub(super) fn put(&mut self, next: i64, slot: Slot, payload: &[u8]) -> bool {
        if payload.len() > SLOT_ROOM || !self.has_turn(next, slot.number) {
            return false;
        }
        if payload.len() > self.stride {
            self.widen();
        }
        let at = index(slot.number);
        self.highest = if self.occupied == 0 { slot.number } else { self.highest.max(slot.number) };
        self.occupied += 1;
        self.audible += usize::from(slot.samples > 0);
        self.room[at * self.stride..][..payload.len()].copy_from_slice(payload);
        self.slots[at] = Slot { len: payload.len(), ..slot };
        true
    }

    /// Frees the slot of a packet that waits; its payload stays readable until the next `put`.
    #[inline]
    pub(super) fn take(&mut self, slot: &Slot) {
        self.slots[index(slot.number)] = Slot::FREE;
        self.occupied -= 1;
        self.audible -= usize::from(slot.samples > 0);
    }

    pub(super) fn payload(&self, slot: &Slot) -> &[u8] {
        &self.room[index(slot.number) * self.stride..][..slot.len]
    }

    pub(super) fn clear(&mut self) {
        self.slots.fill(Slot::FREE);
        (self.occupied, self.audible) = (0, 0);
    }

    /// Takes the room that every packet fits in.
    #[cold]
    fn widen(&mut self) {
        let mut wide = vec![0; SLOTS * SLOT_ROOM];
        let slots = wide.chunks_exact_mut(SLOT_ROOM).zip(self.room.chunks_exact(self.stride));
        slots.for_each(|(wide, slot)| wide[..slot.len()].copy_from_slice(slot));
        (self.room, self.stride) = (wide.into_boxed_slice(), SLOT_ROOM);
    }

    /// Whether `number` lies within one turn of all that wait.
    fn has_turn(&self, next: i64, number: i64) -> bool {
        let turn = SLOTS as i64;
        if self.occupied == 0 {
            return true;
        }
        let lowest = match number - next < turn {
            true => next,
            false => self.first(next).map_or(number, |slot| slot.number),
        };
        number - lowest < turn && self.highest - number < turn
    }
}

fn index(number: i64) -> usize {
    number as usize % SLOTS // Numbers are not negative.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_packet_leaves_those_that_wait_as_they_are() {
        let mut ring = Ring::new();
        let lengths = [160, 320, 321, 10, SLOT_ROOM];
        for (number, length) in (60..).zip(lengths) {
            let slot = Slot::audible(number, number * 160, 160, Moment::default());
            assert!(ring.put(60, slot, &vec![number as u8; length]));
        }
        for (number, length) in (60..).zip(lengths) {
            let slot = *ring.get(number).unwrap();
            assert_eq!(ring.payload(&slot), vec![number as u8; length]);
        }
    }
}
