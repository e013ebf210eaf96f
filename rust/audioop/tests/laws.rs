//! What holds for every fragment, whatever is in it.

use fourwire::Law;
use fourwire_audioop::adpcm::Adpcm;
use fourwire_audioop::ratecv::{Conversion, Request, State};
use fourwire_audioop::{Error, Fragment, Width, compress, expand, findfit, findmax};
use proptest::prelude::*;

fn widths() -> impl Strategy<Value = i32> {
    1..=4
}

/// A fragment's bytes and the width of its samples.
fn fragments() -> impl Strategy<Value = (Vec<u8>, i32)> {
    (prop::collection::vec(any::<u8>(), 0..600), widths()).prop_map(|(mut bytes, width)| {
        bytes.truncate(bytes.len() / width as usize * width as usize);
        (bytes, width)
    })
}

fn made(length: usize, make: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut out = vec![0; length];
    make(&mut out);
    out
}

fn request(width: i32, channels: i32, inrate: i32, outrate: i32) -> Request {
    Request { width, channels, inrate, outrate, weight_a: 1, weight_b: 0 }
}

fn converted(bytes: &[u8], request: Request, state: Option<State>) -> (Vec<u8>, State) {
    let conversion = Conversion::new(bytes, request).expect("a sound request");
    let mut state = state.unwrap_or_else(|| conversion.begin().expect("little memory"));
    let length = conversion.length(&state).expect("little memory");
    (made(length, |out| conversion.run(&mut state, out)), state)
}

proptest! {
    #[test]
    fn what_is_turned_round_twice_is_as_it_was((bytes, width) in fragments()) {
        let reversed = made(bytes.len(), |out| Fragment::new(&bytes, width).unwrap().reverse(out));
        let back = made(bytes.len(), |out| Fragment::new(&reversed, width).unwrap().reverse(out));
        prop_assert_eq!(&back, &bytes);
        let swapped = made(bytes.len(), |out| Fragment::new(&bytes, width).unwrap().byteswap(out));
        let back = made(bytes.len(), |out| Fragment::new(&swapped, width).unwrap().byteswap(out));
        prop_assert_eq!(back, bytes);
    }

    #[test]
    fn a_bias_is_taken_back_by_its_opposite((bytes, width) in fragments(), bias: i32) {
        let there = made(bytes.len(), |out| Fragment::new(&bytes, width).unwrap().bias(bias, out));
        let opposite = bias.wrapping_neg();
        let back = made(bytes.len(), |out| Fragment::new(&there, width).unwrap().bias(opposite, out));
        prop_assert_eq!(back, bytes);
    }

    #[test]
    fn a_wider_sample_goes_back_whole((bytes, width) in fragments(), more in 0..4) {
        let wider = Width::new(4.min(width + more)).unwrap();
        let fragment = Fragment::new(&bytes, width).unwrap();
        let wide = made(fragment.samples() * wider.bytes(), |out| fragment.lin2lin(wider, out));
        let wide = Fragment::new(&wide, wider.bytes() as i32).unwrap();
        prop_assert_eq!(made(bytes.len(), |out| wide.lin2lin(fragment.width(), out)), bytes);
    }

    #[test]
    fn a_factor_of_one_changes_nothing((bytes, width) in fragments()) {
        let fragment = Fragment::new(&bytes, width).unwrap();
        prop_assert_eq!(&made(bytes.len(), |out| fragment.mul(1.0, out)), &bytes);
        let pairs = made(2 * bytes.len(), |out| fragment.tostereo(1.0, 0.0, out));
        let pairs = Fragment::new(&pairs, width).unwrap().stereo().unwrap();
        prop_assert_eq!(made(bytes.len(), |out| pairs.tomono(1.0, 1.0, out)), bytes);
    }

    #[test]
    fn no_average_is_outside_the_extremes((bytes, width) in fragments()) {
        let fragment = Fragment::new(&bytes, width).unwrap();
        let (min, max) = fragment.minmax();
        prop_assert!(fragment.is_empty() || (min..=max).contains(&fragment.avg()));
        prop_assert!(fragment.rms() <= fragment.max());
        prop_assert!(fragment.avgpp() <= fragment.maxpp());
        prop_assert!(fragment.is_empty() || fragment.maxpp() <= max.abs_diff(min));
    }

    #[test]
    fn companding_keeps_every_code_but_the_second_zero(
        codes in prop::collection::vec(any::<u8>(), 0..1500), width in 2..=4,
    ) {
        for (law, twice) in [(Law::Mu, 0x7F), (Law::A, 0x100)] {
            let width = Width::new(width).unwrap();
            let length = codes.len() * width.bytes();
            let pcm = made(length, |out| expand(law, &codes, width, out));
            let fragment = Fragment::new(&pcm, width.bytes() as i32).unwrap();
            let again = made(codes.len(), |out| compress(law, fragment, out));
            for (&code, again) in codes.iter().zip(again) {
                prop_assert!(code == again || u32::from(code) == twice);
            }
        }
    }

    #[test]
    fn a_conversion_is_the_same_however_it_is_cut(
        (bytes, width) in fragments(), channels in 1_i32..4, inrate in 1..50, outrate in 1..50, cut: u16,
    ) {
        let frame = (width * channels) as usize;
        let bytes = &bytes[..bytes.len() / frame * frame];
        let request = request(width, channels, inrate, outrate);
        let (first, later) = bytes.split_at(usize::from(cut) * frame % (bytes.len() + frame));
        let (mut parts, state) = converted(first, request, None);
        let (rest, state) = converted(later, request, Some(state));
        parts.extend(rest);
        prop_assert_eq!((parts, state), converted(bytes, request, None));
    }

    #[test]
    fn any_state_is_survived(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        position in i32::MIN..2000,
        pair: [i32; 2],
        (inrate, outrate) in (1..i32::MAX, 1..i32::MAX),
        (weight_a, weight_b) in (1..i32::MAX, 0..i32::MAX),
    ) {
        let request = Request { weight_a, weight_b, ..request(1, 1, inrate, outrate % 5000 + 1) };
        let state = State { position, channels: vec![pair] };
        prop_assert!(converted(&bytes, request, Some(state)).1.position < 0);
    }

    #[test]
    fn adpcm_is_the_same_however_it_is_cut(codes: Vec<u8>, cut: usize, width in widths()) {
        let width = Width::new(width).unwrap();
        let decode = |adpcm: &mut Adpcm, codes: &[u8]| {
            made(2 * codes.len() * width.bytes(), |out| adpcm.decode(codes, width, out))
        };
        let (first, later) = codes.split_at(cut % (codes.len() + 1));
        let (mut whole, mut part) = (Adpcm::default(), Adpcm::default());
        let mut parts = decode(&mut part, first);
        parts.extend(decode(&mut part, later));
        prop_assert_eq!(parts, decode(&mut whole, &codes));
        prop_assert_eq!(part, whole);
        let (predicted, index) = whole.parts();
        prop_assert_eq!(Adpcm::new(predicted, index), Ok(whole));
    }

    #[test]
    fn what_was_cut_out_is_found_where_it_was(
        pcm in prop::collection::vec(1_i16..100, 60), at in 0_usize..40,
    ) {
        let bytes: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_ne_bytes()).collect();
        let part = &bytes[2 * at..2 * at + 40];
        let (found, factor) = findfit(&bytes, part).unwrap();
        prop_assert!((factor - 1.0).abs() < 1e-9 || found != at);
        prop_assert!(found <= at);
        prop_assert!(findmax(&bytes, 20).unwrap() <= 40);
    }
}

#[test]
fn what_does_not_fit_is_refused_in_the_order_of_the_checks() {
    assert_eq!(Fragment::new(&[1], 5).err(), Some(Error::Width));
    assert_eq!(Fragment::new(&[1], 2).err(), Some(Error::Frames));
    let refused = |request| Conversion::new(&[1], request).err();
    assert_eq!(refused(request(5, 0, 0, 0)), Some(Error::Width));
    assert_eq!(refused(request(2, 0, 0, 0)), Some(Error::Channels));
    assert_eq!(refused(request(2, i32::MAX, 0, 0)), Some(Error::FrameSize));
    assert_eq!(refused(Request { weight_a: 0, ..request(2, 1, 0, 0) }), Some(Error::Weights));
    assert_eq!(refused(request(2, 1, 0, 0)), Some(Error::Frames));
    assert_eq!(refused(request(1, 1, 0, 0)), Some(Error::Rates));
    assert_eq!(Adpcm::new(0, 89), Err(Error::BadState));
}
