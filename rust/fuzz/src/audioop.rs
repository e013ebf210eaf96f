//! Streams that are converted as `audioop` did it, from any state.

use arbitrary::Arbitrary;
use fourwire_audioop::adpcm::Adpcm;
use fourwire_audioop::ratecv::{Conversion, Request, State};
use fourwire_audioop::{Fragment, Width, findfit, findmax};

/// A fragment, and what is done with it.
#[derive(Arbitrary, Debug)]
pub enum Input {
    Rate { bytes: Vec<u8>, numbers: [i32; 6], position: i32, pair: [i32; 2], cut: u16 },
    Adpcm { bytes: Vec<u8>, width: i32, predicted: i32, index: i32 },
    Change { bytes: Vec<u8>, width: i32, factors: [f64; 2], bias: i32 },
    Find { fragment: Vec<u8>, reference: Vec<u8>, length: i16 },
}

/// What is asked for is refused, or done; a conversion is the same however it is cut.
pub fn check(input: Input) {
    match input {
        Input::Rate { bytes, numbers, position, pair, cut } => {
            rate(&bytes, request(numbers), State { position, channels: vec![pair] }, cut);
        }
        Input::Adpcm { bytes, width, predicted, index } => {
            adpcm(&bytes, width % 5, predicted % 33_000, index % 90);
        }
        Input::Change { bytes, width, factors, bias } => change(&bytes, width % 5, factors, bias),
        Input::Find { fragment, reference, length } => find(&fragment, &reference, length.into()),
    }
}

fn request([width, channels, inrate, outrate, weight_a, weight_b]: [i32; 6]) -> Request {
    // A rate a thousand times another asks for more memory than a finding is worth.
    let (inrate, outrate) = (inrate % 64_000, outrate % 1_000);
    Request { width: width % 5, channels: channels % 3, inrate, outrate, weight_a, weight_b }
}

fn rate(bytes: &[u8], request: Request, state: State, cut: u16) {
    let Ok(conversion) = Conversion::new(bytes, request) else { return };
    let mut state = state;
    state.channels.resize(request.channels as usize, [5; 2]);
    state.position = state.position.min(10_000);
    let (whole, end) = converted(&conversion, state.clone());
    assert!(end.position < 0);
    let frame = (request.width * request.channels) as usize;
    let (first, later) = bytes.split_at(usize::from(cut) * frame % (bytes.len() + frame));
    let part = |bytes, state| converted(&Conversion::new(bytes, request).unwrap(), state);
    let (mut parts, state) = part(first, state);
    let (rest, state) = part(later, state);
    parts.extend(rest);
    assert_eq!((parts, state), (whole, end));
}

fn converted(conversion: &Conversion<'_>, mut state: State) -> (Vec<u8>, State) {
    let length = conversion.length(&state).expect("a few thousand samples");
    let mut out = vec![0; length];
    conversion.run(&mut state, &mut out);
    (out, state)
}

fn adpcm(bytes: &[u8], width: i32, predicted: i32, index: i32) {
    let (Ok(mut state), Ok(size)) = (Adpcm::new(predicted, index), Width::new(width)) else {
        return;
    };
    let mut pcm = vec![0; 2 * bytes.len() * size.bytes()];
    state.decode(bytes, size, &mut pcm);
    let fragment = Fragment::new(&pcm, width).expect("whole samples");
    let mut codes = vec![0; bytes.len()];
    state.encode(fragment, &mut codes);
    let (predicted, index) = state.parts();
    assert_eq!(Adpcm::new(predicted, index), Ok(state));
}

fn change(bytes: &[u8], width: i32, [one, other]: [f64; 2], bias: i32) {
    let Ok(fragment) = Fragment::new(bytes, width) else { return };
    let (min, max) = fragment.minmax();
    assert!(fragment.is_empty() || (min..=max).contains(&fragment.avg()));
    assert!(fragment.rms() <= fragment.max() && fragment.avgpp() <= fragment.maxpp());
    assert!(fragment.cross() < fragment.samples().max(1).cast_signed());
    let mut out = vec![0; 2 * bytes.len()];
    fragment.mul(one, &mut out[..bytes.len()]);
    fragment.bias(bias, &mut out[..bytes.len()]);
    fragment.tostereo(one, other, &mut out);
    if let Ok(stereo) = fragment.stereo() {
        stereo.tomono(one, other, &mut out[..bytes.len() / 2]);
    }
}

fn find(fragment: &[u8], reference: &[u8], length: isize) {
    if let Ok((at, _)) = findfit(fragment, reference) {
        assert!(2 * at + reference.len() <= fragment.len());
    }
    if let Ok(at) = findmax(fragment, length) {
        assert!(2 * (at + length.unsigned_abs()) <= fragment.len());
    }
}
