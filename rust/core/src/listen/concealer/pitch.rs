//! How long a period of the voice is.

/// The shortest pitch period: a voice at 200 Hz. A higher one is found at twice its period.
const SHORTEST_MS: usize = 5;

/// How much of the end of what was heard is looked for earlier on.
const WINDOW_MS: usize = 20;

/// The lag between 5 and 15 ms at which the end of `history` resembles what came before it most,
/// by normalised cross-correlation: first on every other sample and lag, then around the best.
pub(super) fn period(history: &[f32], millisecond: usize) -> usize {
    let lags = SHORTEST_MS * millisecond..=super::LONGEST_PITCH_MS * millisecond;
    let window = WINDOW_MS * millisecond;
    let coarse = best(history, window, lags.clone().step_by(2), 2);
    let near = coarse.saturating_sub(1).max(*lags.start())..=(coarse + 1).min(*lags.end());
    best(history, window, near, 1)
}

fn best(history: &[f32], window: usize, lags: impl Iterator<Item = usize>, step: usize) -> usize {
    let resemblance = |lag| likeness(history, window, lag, step);
    let scored = lags.map(|lag| (resemblance(lag), lag));
    // On equal scores, as in silence, the longest lag: it repeats itself least.
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, lag)| lag)
}

/// The correlation of the last `window` samples with those `lag` earlier, over the loudness of the
/// latter; negative where they are in opposition.
fn likeness(history: &[f32], window: usize, lag: usize, step: usize) -> f32 {
    let end = history.len();
    let recent = history[end - window..].iter().step_by(step);
    let earlier = history[end - window - lag..end - lag].iter().step_by(step);
    let (mut product, mut energy) = (0.0, 1.0);
    for (a, b) in recent.zip(earlier) {
        product += a * b;
        energy += b * b;
    }
    product / energy.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_of_a_voice_is_found() {
        for period in [41.0, 64.0, 80.5, 113.0_f32] {
            let voice: Vec<f32> = (0..392)
                .map(|n| {
                    let phase = n as f32 / period * std::f32::consts::TAU;
                    1000.0 * phase.sin() + 600.0 * (2.0 * phase).sin() + 300.0 * (5.0 * phase).cos()
                })
                .collect();
            let found = super::period(&voice, 8);
            let error = (found as f32 / period - (found as f32 / period).round()).abs() * period;
            assert!(error <= 1.0, "a period of {period} was taken for {found}");
        }
    }

    #[test]
    fn silence_has_the_longest_period() {
        assert_eq!(period(&[0.0; 392], 8), 120);
    }
}
