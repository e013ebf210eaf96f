//! From packets to samples: what is heard of a stream with holes.

use std::time::Duration;

use fourwire::listen::{Heard, Listener};
use fourwire::sound::codec::{Decoder, Encoder};
use fourwire::wire::{RtpPacket, Ssrc};
use fourwire::{Codec, Law, Moment};

const CODECS: [Codec; 2] = [Codec::G711(Law::A), Codec::G722];

/// Packets of 20 ms of a voice that glides.
fn payloads(codec: Codec, count: usize) -> Vec<Vec<u8>> {
    let samples = codec.samples(160);
    let hertz = codec.audio_rate().hertz() as f64;
    let mut encoder = Encoder::new(codec);
    (0..count)
        .map(|packet| {
            let phase = |n: usize| (packet * samples + n) as f64 / hertz * 900.0;
            let pcm: Vec<i16> = (0..samples)
                .map(|n| (phase(n).sin() * 6000.0 + (phase(n) * 2.0).cos() * 3000.0) as i16)
                .collect();
            let mut payload = Vec::new();
            encoder.encode_into(&pcm, &mut payload);
            payload
        })
        .collect()
}

/// What is heard of `payloads`, one every 20 ms, without those that `lost` names.
fn hear(codec: Codec, payloads: &[Vec<u8>], lost: &[usize]) -> Vec<(Heard, Vec<i16>)> {
    let mut listener = Listener::new(codec, Duration::from_millis(20));
    let mut heard = Vec::new();
    for (number, payload) in payloads.iter().enumerate() {
        let now = Moment::from_millis(20 * number as u64);
        let packet = RtpPacket::new(
            codec.payload_type(),
            number as u16,
            160 * number as u32,
            Ssrc(1),
            payload,
        );
        if !lost.contains(&number) {
            listener.receive(now, &packet);
        }
        let mut pcm = Vec::new();
        while let Some(what) = listener.poll(now, &mut pcm) {
            heard.push((what, std::mem::take(&mut pcm)));
        }
    }
    heard
}

#[test]
fn what_arrived_is_heard_as_it_was_decoded_though_packets_before_it_were_lost() {
    for codec in CODECS {
        let payloads = payloads(codec, 30);
        let lost = [5, 9, 10, 12, 20];
        let mut decoder = Decoder::new(codec);
        let arrived = (0..30).filter(|number| !lost.contains(number));
        let decoded: Vec<Vec<i16>> = arrived
            .map(|number| {
                let mut pcm = Vec::new();
                decoder.decode_into(&payloads[number], 0, &mut pcm);
                pcm
            })
            .collect();
        let heard = hear(codec, &payloads, &lost);
        let received = heard.iter().filter(|(what, _)| matches!(what, Heard::Received(_)));
        let received: Vec<&Vec<i16>> = received.map(|(_, pcm)| pcm).collect();
        assert_eq!(received, decoded.iter().collect::<Vec<_>>(), "{codec:?}");
    }
}

#[test]
fn a_hole_is_as_long_as_what_was_lost_and_sounds_like_it() {
    for codec in CODECS {
        let payloads = payloads(codec, 20);
        let whole: Vec<i16> =
            hear(codec, &payloads, &[]).into_iter().flat_map(|(_, pcm)| pcm).collect();
        let heard = hear(codec, &payloads, &[10]);
        let made_up = heard.iter().find(|(what, _)| *what == Heard::Concealed);
        let made_up = &made_up.expect("a packet is concealed").1;
        let samples = codec.samples(160);
        assert_eq!(made_up.len(), samples);
        let power = |pcm: &mut dyn Iterator<Item = f64>| pcm.map(|x| x * x).sum::<f64>();
        let lost = &whole[10 * samples..11 * samples];
        let error = power(&mut lost.iter().zip(made_up).map(|(&a, &b)| f64::from(a - b)));
        let signal = power(&mut lost.iter().map(|&a| f64::from(a)));
        assert!(error < signal / 30.0, "{codec:?}: {:.1} dB", 10.0 * (signal / error).log10());
    }
}
