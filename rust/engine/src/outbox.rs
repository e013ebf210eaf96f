//! The way out of a worker: a wait-free ring of bytes for audio and one of values for all else.
//!
//! Audio is worth nothing when it is late, so where its ring is full it is dropped and counted by
//! the sender. Everything else is rare and must arrive, so where its ring is full it waits here.

use std::collections::VecDeque;

use rtrb::{Consumer, Producer, RingBuffer};

/// A frame of bytes with its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Whose it is.
    pub(crate) owner: u64,
    /// What it is; the two ends agree on the numbers.
    pub(crate) kind: u8,
    /// When or where it belongs; the two ends agree on the meaning.
    pub(crate) mark: u64,
    pub(crate) bytes: &'a [u8],
}

/// What comes out of the rings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item<'a, T> {
    Frame(Frame<'a>),
    Value(T),
}

/// The worker's end.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    frames: Producer<u8>,
    values: Producer<T>,
    waiting: VecDeque<T>,
    most_waiting: usize,
    dropped: u64,
    filled: bool,
}

/// The other end.
#[derive(Debug)]
pub(crate) struct Mailbox<T> {
    frames: Consumer<u8>,
    values: Consumer<T>,
    late: Vec<T>,
    joined: Vec<u8>,
}

/// The two ends of a way that holds `frame_bytes` of frames with their headers.
pub(crate) fn rings<T>(frame_bytes: usize) -> (Outbox<T>, Mailbox<T>) {
    let (frames, frames_out) = RingBuffer::new(frame_bytes);
    let (values, values_out) = RingBuffer::new(VALUES);
    (
        Outbox {
            frames,
            values,
            waiting: VecDeque::new(),
            most_waiting: MOST_WAITING,
            dropped: 0,
            filled: false,
        },
        Mailbox { frames: frames_out, values: values_out, late: Vec::new(), joined: Vec::new() },
    )
}

impl<T> Outbox<T> {
    /// Drops no value: somebody else sees to it that there are not too many.
    pub(crate) fn without_brim(self) -> Self {
        Self { most_waiting: usize::MAX, ..self }
    }

    /// Sends a frame; false where there is no room for it.
    pub(crate) fn send_frame(&mut self, frame: Frame<'_>) -> bool {
        let header = header(&frame);
        let Ok(mut chunk) = self.frames.write_chunk(HEADER + frame.bytes.len()) else {
            return false;
        };
        let (head, tail) = chunk.as_mut_slices();
        copy_across(head, tail, [&header, frame.bytes]);
        chunk.commit_all();
        self.filled = true;
        true
    }

    /// Sends a value, in its place between the frames.
    pub(crate) fn send(&mut self, value: T) {
        if self.waiting.len() >= self.most_waiting {
            self.dropped += 1;
            return;
        }
        self.waiting.push_back(value);
        self.flush();
    }

    /// Moves on what waits, as far as there is room.
    pub(crate) fn flush(&mut self) {
        while !self.values.is_full()
            && let Some(value) = self.waiting.pop_front()
        {
            // There is room, and nobody else fills it.
            let _ = self.values.push(value);
            self.filled = true;
        }
    }

    /// Whether anything was sent since this was last asked.
    pub(crate) fn take_filled(&mut self) -> bool {
        std::mem::take(&mut self.filled)
    }

    /// Values for which there was no room at all.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether values wait for room in the ring, and so for a flush.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What still waits, when the worker is done.
    pub(crate) fn into_waiting(self) -> VecDeque<T> {
        self.waiting
    }
}

impl<T> Mailbox<T> {
    /// Hands everything that is there to `sink`. A frame that was sent before a value comes
    /// before it.
    pub(crate) fn take(&mut self, mut sink: impl FnMut(Item<'_, T>)) {
        // Counted first: what was sent before these values is visible once they are.
        let values = self.values.slots();
        while self.take_frame(&mut sink) {}
        for _ in 0..values {
            if let Ok(value) = self.values.pop() {
                sink(Item::Value(value));
            }
        }
        self.late.drain(..).for_each(|value| sink(Item::Value(value)));
    }

    /// Takes over what a finished worker could not send.
    pub(crate) fn append_late(&mut self, late: impl IntoIterator<Item = T>) {
        self.late.extend(late);
    }

    fn take_frame(&mut self, sink: &mut impl FnMut(Item<'_, T>)) -> bool {
        let Some((mut frame, length)) = self.next_header() else {
            return false;
        };
        // Frames are sent whole, so the bytes are there with their header.
        let Ok(chunk) = self.frames.read_chunk(HEADER + length) else {
            return false;
        };
        let (head, tail) = chunk.as_slices();
        frame.bytes = match (head.get(HEADER..), tail) {
            (Some(bytes), []) => bytes,
            _ => {
                self.joined.clear();
                self.joined.extend(head.iter().chain(tail).skip(HEADER));
                &self.joined
            }
        };
        sink(Item::Frame(frame));
        chunk.commit_all();
        true
    }

    fn next_header(&mut self) -> Option<(Frame<'static>, usize)> {
        let chunk = self.frames.read_chunk(HEADER).ok()?;
        let (head, tail) = chunk.as_slices();
        let mut bytes = [0; HEADER];
        bytes[..head.len()].copy_from_slice(head);
        bytes[head.len()..].copy_from_slice(tail);
        Some(parse_header(&bytes))
    }
}

fn header(frame: &Frame<'_>) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&frame.owner.to_ne_bytes());
    header[8..16].copy_from_slice(&frame.mark.to_ne_bytes());
    // The top byte of the length is the kind: no frame is as long as that.
    let length = (frame.bytes.len() as u32 & LENGTH_MASK) | u32::from(frame.kind) << 24;
    header[16..].copy_from_slice(&length.to_ne_bytes());
    header
}

fn parse_header(bytes: &[u8; HEADER]) -> (Frame<'static>, usize) {
    let number = |at: usize| u64::from_ne_bytes(std::array::from_fn(|n| bytes[at + n]));
    let length = u32::from_ne_bytes(std::array::from_fn(|n| bytes[16 + n]));
    let frame = Frame { owner: number(0), mark: number(8), kind: (length >> 24) as u8, bytes: &[] };
    (frame, (length & LENGTH_MASK) as usize)
}

/// Writes `parts` one after the other into `head` and on into `tail`, which have the room.
fn copy_across(mut head: &mut [u8], mut tail: &mut [u8], parts: [&[u8]; 2]) {
    for part in parts {
        let (first, second) = part.split_at(part.len().min(head.len()));
        head = copy_in(head, first);
        tail = copy_in(tail, second);
    }
}

/// Copies `part` to the beginning of `room`; what is left of it.
fn copy_in<'a>(room: &'a mut [u8], part: &[u8]) -> &'a mut [u8] {
    let (place, rest) = room.split_at_mut(part.len());
    place.copy_from_slice(part);
    rest
}

/// Bytes before a frame: owner, mark, kind and length.
const HEADER: usize = 20;

const LENGTH_MASK: u32 = 0x00FF_FFFF;

/// Values in the ring: more than any tick brings.
const VALUES: usize = 4096;

/// Values that wait outside the ring before any is dropped: an hour of a thousand calls that
/// nobody looks after.
const MOST_WAITING: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(owner: u64, bytes: &[u8]) -> Frame<'_> {
        Frame { owner, kind: 3, mark: owner * 7, bytes }
    }

    fn take_all(mailbox: &mut Mailbox<u32>) -> (Vec<(u64, Vec<u8>)>, Vec<u32>) {
        let (mut frames, mut values) = (Vec::new(), Vec::new());
        mailbox.take(|item| match item {
            Item::Frame(it) => {
                assert_eq!((it.kind, it.mark), (3, it.owner * 7));
                frames.push((it.owner, it.bytes.to_vec()));
            }
            Item::Value(it) => values.push(it),
        });
        (frames, values)
    }

    #[test]
    fn a_full_ring_refuses_frames_and_keeps_those_it_has() {
        let (mut outbox, mut mailbox) = rings::<u32>(64);
        assert!(outbox.send_frame(frame(1, &[1; 40])));
        assert!(!outbox.send_frame(frame(2, &[2; 40])));
        assert_eq!(take_all(&mut mailbox).0, [(1, vec![1; 40])]);
        assert!(outbox.send_frame(frame(3, &[3; 40])));
        assert_eq!(take_all(&mut mailbox).0, [(3, vec![3; 40])]);
    }

    #[test]
    fn values_are_never_lost_in_a_full_ring_and_keep_their_order() {
        let (mut outbox, mut mailbox) = rings::<u32>(64);
        let count = 3 * VALUES as u32;
        (0..count).for_each(|n| outbox.send(n));
        let mut taken = Vec::new();
        while taken.len() < count as usize {
            taken.extend(take_all(&mut mailbox).1);
            outbox.flush();
        }
        assert!(taken.into_iter().eq(0..count));
        assert_eq!(outbox.dropped(), 0);
    }

    #[test]
    fn values_that_nobody_ever_takes_have_a_brim() {
        let (mut outbox, _mailbox) = rings::<u32>(64);
        (0..(VALUES + MOST_WAITING) as u32 + 9).for_each(|n| outbox.send(n));
        assert_eq!(outbox.dropped(), 9);
    }

    #[test]
    fn what_a_finished_worker_could_not_send_is_taken_last() {
        let (mut outbox, mut mailbox) = rings::<u32>(64);
        (0..VALUES as u32 + 2).for_each(|n| outbox.send(n));
        mailbox.append_late(outbox.into_waiting());
        assert!(take_all(&mut mailbox).1.into_iter().eq(0..VALUES as u32 + 2));
    }

    #[test]
    fn frames_sent_before_a_value_on_another_thread_come_before_it() {
        let (mut outbox, mut mailbox) = rings::<u32>(4096);
        let sender = std::thread::spawn(move || {
            for n in 0..20_000u32 {
                while !outbox.send_frame(frame(u64::from(n), &[9; 50])) {
                    std::thread::yield_now();
                }
                outbox.send(n);
            }
        });
        let (mut frames, mut values) = (0, 0);
        while values < 20_000 {
            mailbox.take(|item| match item {
                Item::Frame(it) => {
                    assert_eq!(it.owner, frames);
                    frames += 1;
                }
                Item::Value(it) => {
                    assert!(u64::from(it) < frames);
                    values += 1;
                }
            });
        }
        sender.join().unwrap();
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in(
            lengths in proptest::collection::vec((0..300usize, any::<bool>()), 1..200),
        ) {
            let (mut outbox, mut mailbox) = rings::<u32>(1000);
            let (mut sent, mut taken) = (Vec::new(), Vec::new());
            for (n, (length, take)) in lengths.into_iter().enumerate() {
                let bytes = vec![n as u8; length];
                if outbox.send_frame(frame(n as u64, &bytes)) {
                    sent.push((n as u64, bytes));
                }
                if take {
                    taken.extend(take_all(&mut mailbox).0);
                }
            }
            taken.extend(take_all(&mut mailbox).0);
            prop_assert_eq!(sent, taken);
        }
    }
}
