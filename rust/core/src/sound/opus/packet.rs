//! How long a packet lasts, by its first bytes (RFC 6716 §3.1 and §3.2).

/// The longest packet there is, in periods of the 48 kHz clock: 120 ms (RFC 6716 §3.4, R5).
pub(super) const LONGEST: usize = 5760;

/// How long `packet` lasts, in periods of the 48 kHz clock; zero where it is none.
///
/// ```
/// use fourwire::sound::opus::periods;
/// assert_eq!(periods(&[0x78]), 960); // 20 ms, hybrid, one frame without a byte: silence
/// assert_eq!(periods(&[]), 0);
/// ```
pub fn periods(packet: &[u8]) -> usize {
    let Some(&toc) = packet.first() else { return 0 };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |count| usize::from(count & 0x3F)),
    };
    let periods = frames * frame(toc >> 3);
    if periods > LONGEST { 0 } else { periods }
}

/// The length of a frame by its configuration (table 2).
const fn frame(configuration: u8) -> usize {
    let place = configuration as usize & 3;
    match configuration {
        0..12 => [480, 960, 1920, 2880][place],
        12..16 => [480, 960][place & 1],
        _ => [120, 240, 480, 960][place],
    }
}

#[cfg(test)]
mod tests {
    use super::periods;

    #[test]
    fn every_packet_lasts_as_long_as_libopus_says() {
        for toc in 0..=u8::MAX {
            for count in 0..=u8::MAX {
                let packet = [toc, count, 0, 0];
                let theirs =
                    opusic_c::utils::get_nb_samples(&packet, opusic_c::SampleRate::Hz48000);
                assert_eq!(periods(&packet), theirs.unwrap_or(0), "{toc:02x} {count:02x}");
            }
        }
    }
}
