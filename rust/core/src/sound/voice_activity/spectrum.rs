//! The power spectrum of a short stretch of telephone audio.

/// Samples at 8 kHz that a spectrum is taken of: 16 ms, two periods of a low voice.
pub(super) const WINDOW: usize = 128;

/// Lines of a spectrum, 62.5 Hz apart.
pub(super) const LINES: usize = WINDOW / 2 + 1;

/// Bands that a spectrum is summed in.
pub(super) const BANDS: usize = 10;

/// Where one band ends and the next begins, in lines: 190 to 3400 Hz, narrow where formants lie
/// close together. What is below is hum, and what is above no telephone line carries.
const EDGES: [usize; BANDS + 1] = [3, 5, 7, 9, 12, 15, 19, 24, 31, 40, 54];

/// Power in each band, relative to a square wave at full scale over the whole of the spectrum.
pub(super) type Bands = [f32; BANDS];

/// A Fourier transform of real samples under a Hann window, its tables made once.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    window: [f32; WINDOW],
    /// The roots of unity of the real transform; every other one is of the complex transform.
    roots: [(f32, f32); HALF],
}

const HALF: usize = WINDOW / 2;

impl Spectrum {
    pub(super) fn new() -> Self {
        let turn = |n: usize| n as f64 * std::f64::consts::TAU / WINDOW as f64;
        // Scaled so that the lines add up to the mean square, full scale being one.
        let scale = (8.0 / 3.0_f64).sqrt() / (WINDOW as f64 * 32_768.0) * 2.0_f64.sqrt();
        Self {
            window: std::array::from_fn(|n| (scale * (0.5 - 0.5 * turn(n).cos())) as f32),
            roots: std::array::from_fn(|n| (turn(n).cos() as f32, -turn(n).sin() as f32)),
        }
    }

    /// The power at each line.
    pub(super) fn of(&self, samples: &[f32; WINDOW]) -> [f32; LINES] {
        let mut re = [0.0; HALF];
        let mut im = [0.0; HALF];
        for n in 0..HALF {
            let at = n.reverse_bits() >> (usize::BITS - HALF.ilog2());
            re[at] = samples[2 * n] * self.window[2 * n];
            im[at] = samples[2 * n + 1] * self.window[2 * n + 1];
        }
        self.transform(&mut re, &mut im);
        std::array::from_fn(|line| self.power(&re, &im, line))
    }

    /// Butterflies, in place, on samples in bit-reversed order.
    fn transform(&self, re: &mut [f32; HALF], im: &mut [f32; HALF]) {
        let mut span = 1;
        while span < HALF {
            for start in (0..HALF).step_by(2 * span) {
                for n in 0..span {
                    let (upper, lower) = (start + n, start + n + span);
                    let (cos, sin) = self.roots[n * (HALF / span)];
                    let turned_re = re[lower] * cos - im[lower] * sin;
                    let turned_im = re[lower] * sin + im[lower] * cos;
                    (re[lower], im[lower]) = (re[upper] - turned_re, im[upper] - turned_im);
                    (re[upper], im[upper]) = (re[upper] + turned_re, im[upper] + turned_im);
                }
            }
            span *= 2;
        }
    }

    /// The power at `line` of the real samples, whose even and odd ones were transformed as one
    /// complex line.
    fn power(&self, re: &[f32; HALF], im: &[f32; HALF], line: usize) -> f32 {
        let (here, there) = (line % HALF, (HALF - line) % HALF);
        let (even_re, even_im) = ((re[here] + re[there]) / 2.0, (im[here] - im[there]) / 2.0);
        let (odd_re, odd_im) = ((im[here] + im[there]) / 2.0, (re[there] - re[here]) / 2.0);
        let (cos, sin) = if line == HALF { (-1.0, 0.0) } else { self.roots[line] };
        let (re, im) =
            (even_re + odd_re * cos - odd_im * sin, even_im + odd_re * sin + odd_im * cos);
        re * re + im * im
    }
}

/// The sums of `powers` in each band.
pub(super) fn bands(powers: &[f32; LINES]) -> Bands {
    std::array::from_fn(|band| powers[EDGES[band]..EDGES[band + 1]].iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, amplitude: f64) -> [f32; WINDOW] {
        let step = hertz * std::f64::consts::TAU / 8_000.0;
        std::array::from_fn(|n| ((n as f64 * step).sin() * amplitude) as f32)
    }

    #[test]
    fn a_tone_at_full_scale_has_half_the_power_of_a_square_and_lies_at_its_line() {
        for line in [4, 17, 40, 60] {
            let powers = Spectrum::new().of(&tone(62.5 * f64::from(line), 32_768.0));
            let sum: f32 = powers.iter().sum();
            assert!((sum - 0.5).abs() < 0.01, "{sum}");
            let loudest = (0..LINES).max_by(|&a, &b| powers[a].total_cmp(&powers[b]));
            assert_eq!(loudest, Some(line as usize));
        }
    }

    #[test]
    fn the_transform_is_what_its_definition_says() {
        let samples: [f32; WINDOW] =
            std::array::from_fn(|n| ((n * n * 37 + n * 11) % 2001) as f32 - 1000.0);
        let spectrum = Spectrum::new();
        let powers = spectrum.of(&samples);
        for (line, power) in powers.into_iter().enumerate() {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, sample) in samples.iter().enumerate() {
                let angle = (n * line) as f64 * std::f64::consts::TAU / WINDOW as f64;
                let weighted = f64::from(sample * spectrum.window[n]);
                re += weighted * angle.cos();
                im -= weighted * angle.sin();
            }
            let expected = re * re + im * im;
            assert!((f64::from(power) - expected).abs() < 1e-4 * expected.max(1e-6), "line {line}");
        }
    }
}
