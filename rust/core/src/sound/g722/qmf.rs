//! The quadrature mirror filters that part the two bands and join them (ITU-T G.722 clauses 5.2.1
//! and 5.2.2).

/// Length of both filters.
pub(super) const TAPS: usize = 24;

/// Half of the taps, as a whole number of vectors.
const LANES: usize = 16;

/// Table 11, in 8192ths: every other tap, from one end to the other, and zeros before them.
const FORWARD: [i16; LANES] =
    [0, 0, 0, 0, 3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

/// The rest of them.
const BACKWARD: [i16; LANES] =
    [0, 0, 0, 0, -11, 53, -156, 362, -805, 3876, 951, -210, 32, 12, -11, 3];

/// Steps of history that are kept before it is moved: moving costs more than filtering.
const ROOM: usize = 128;

/// The last pairs of samples, newest last.
#[derive(Clone, Debug)]
struct History {
    first: [i16; ROOM],
    second: [i16; ROOM],
    end: usize,
}

impl History {
    const fn new() -> Self {
        Self { first: [0; ROOM], second: [0; ROOM], end: LANES }
    }

    /// Takes in a pair, and gives the filter's answer over either half of the pairs.
    #[inline]
    fn filter(&mut self, first: i16, second: i16) -> (i32, i32) {
        if self.end == ROOM {
            self.first.copy_within(ROOM - LANES + 1.., 0);
            self.second.copy_within(ROOM - LANES + 1.., 0);
            self.end = LANES - 1;
        }
        (self.first[self.end], self.second[self.end]) = (first, second);
        self.end += 1;
        let recent = self.end - LANES..self.end;
        (sum(&self.first[recent.clone()], &FORWARD), sum(&self.second[recent], &BACKWARD))
    }
}

fn sum(samples: &[i16], taps: &[i16; LANES]) -> i32 {
    samples.iter().zip(taps).map(|(&sample, &tap)| i32::from(sample) * i32::from(tap)).sum()
}

/// Parts what goes into an encoder.
#[derive(Clone, Debug)]
pub(super) struct Analysis(History);

impl Analysis {
    pub(super) const fn new() -> Self {
        Self(History::new())
    }

    /// A sample of either band, for two of the whole.
    #[inline]
    pub(super) fn split(&mut self, first: i16, second: i16) -> (i32, i32) {
        let (odd, even) = self.0.filter(first, second);
        ((even + odd) >> 14, (even - odd) >> 14)
    }
}

/// Joins what comes out of a decoder.
#[derive(Clone, Debug)]
pub(super) struct Synthesis(History);

impl Synthesis {
    pub(super) const fn new() -> Self {
        Self(History::new())
    }

    /// Two samples of the whole, for one of either band, which has 15 bits.
    #[inline]
    pub(super) fn join(&mut self, low: i32, high: i32) -> [i16; 2] {
        let (second, first) = self.0.filter((low + high) as i16, (low - high) as i16);
        [first, second].map(|sample| super::saturated(sample >> 11) as i16)
    }
}
