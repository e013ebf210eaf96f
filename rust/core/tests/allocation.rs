//! A call that runs allocates nothing: its buffers have found their size after a second.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use fourwire::listen::{PlayoutBuffer, PlayoutConfig};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{AudioFormat, Bridge, ClockRate, Codec, Law, Leg, LegConfig, Media, Moment};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_playout_buffer_allocates_nothing() {
    let mut buffer = PlayoutBuffer::new(PlayoutConfig::default());
    let mut heard = Vec::with_capacity(160);
    let mut before = 0;
    for number in 0..2000_u64 {
        if number == 100 {
            before = ALLOCATIONS.get();
        }
        let now = Moment::from_millis(number * 20);
        heard.clear();
        buffer.play(now, 160, &mut heard);
        // Jitter, loss, stalls and bursts, so that everything it can do is done.
        let arrivals = if number % 100 < 20 { 0..0 } else { number..number + 1 };
        let arrivals = if number % 100 == 20 { number - 20..number + 1 } else { arrivals };
        for packet in arrivals.filter(|packet| packet % 10 != 9) {
            let (sequence, timestamp) = (packet as u16, packet as u32 * 160);
            let packet = RtpPacket::new(PayloadType::PCMU, sequence, timestamp, Ssrc(7), &SOUND);
            buffer.receive(now, &packet);
        }
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    let it = buffer.counters();
    assert!(it.removed_samples > 0 && it.concealed_samples > 0 && it.quiet_samples > 0, "{it:?}");
}

/// 20 ms of a tone of 400 Hz.
const SOUND: [u8; 160] = {
    let (wave, mut sound) = ([0xFF, 0x9C, 0x8F, 0x8A, 0x88, 0x8A, 0x8F, 0x9C], [0; 160]);
    let mut n = 0;
    while n < sound.len() {
        let code = wave[n % 8];
        sound[n] = if n % 16 < 8 { code } else { code & 0x7F };
        n += 1;
    }
    sound
};

fn leg(codec: Codec, format: AudioFormat) -> Leg {
    let config = LegConfig {
        media: Media::new(codec),
        ssrc: Ssrc(1),
        first_sequence: 0,
        first_timestamp: 0,
        cname: "a@b".into(),
        unix_time_at_origin: Duration::ZERO,
    };
    let mut leg = Leg::new(config, Moment::from_millis(0));
    leg.bridge(Bridge::new(format));
    leg.record(Some(codec.audio_rate()));
    leg
}

/// One packet time of a call in which both sides speak and every tenth packet is lost.
fn packet_time(leg: &mut Leg, codec: Codec, number: u64, datagram: &mut Vec<u8>, reply: &[u8]) {
    let now = Moment::from_millis(number * 20);
    if number % 10 != 9 {
        datagram.clear();
        let (sequence, timestamp) = (number as u16, number as u32 * 160);
        RtpPacket::new(codec.payload_type(), sequence, timestamp, Ssrc(7), &[0x2A; 160])
            .write(datagram);
        leg.receive(now, datagram);
    }
    if number.is_multiple_of(10) {
        leg.say("r", "i", reply);
    }
    while leg.poll(now).is_some() {}
}

#[test]
fn a_call_that_runs_allocates_nothing() {
    let g711 = AudioFormat::G711(Law::Mu);
    let pcm = AudioFormat::Pcm16;
    for (codec, format) in [
        (Codec::G711(Law::Mu), g711),
        (Codec::G711(Law::Mu), pcm(ClockRate::Hz24000)),
        (Codec::G722, pcm(ClockRate::Hz16000)),
        (Codec::G722, pcm(ClockRate::Hz24000)),
    ] {
        let mut leg = leg(codec, format);
        let mut datagram = Vec::with_capacity(200);
        let reply =
            vec![0x31; format.rate().samples_in(Duration::from_millis(200)) * format.width()];
        // A reply comes ahead of its time, so the lane does not run dry between its pieces.
        leg.say("r", "i", &reply);
        for number in 0..100 {
            packet_time(&mut leg, codec, number, &mut datagram, &reply);
        }
        let before = ALLOCATIONS.get();
        for number in 100..1100 {
            packet_time(&mut leg, codec, number, &mut datagram, &reply);
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{codec:?} {format:?}");
    }
}
