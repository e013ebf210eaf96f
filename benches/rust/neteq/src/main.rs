//! The crate `neteq` on a virtual clock.
//!
//! Reads a call from standard input: its end in nanoseconds, then for each packet its arrival in
//! nanoseconds, its length and the RTP datagram (little-endian, 64, 64, 32 bits). Writes what is
//! heard at 8 kHz, 10 ms every 10 ms, to standard output, and the share of it that was made up, in
//! millionths, to standard error.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use neteq::codec::AudioDecoder;
use neteq::neteq::SpeechType;
use neteq::{AudioPacket, NetEq, NetEqConfig, RtpHeader};

/// What every clock of this process shows, in nanoseconds.
static NOW: AtomicU64 = AtomicU64::new(0);

const TICK_NS: u64 = 10_000_000;

/// The crate asks the system what time it is. In this process the system is this.
///
/// # Safety
/// As of the C library's function of this name: `time` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(
    _: libc::clockid_t,
    time: *mut libc::timespec,
) -> libc::c_int {
    let now = NOW.load(Ordering::Relaxed);
    // SAFETY: the caller's promise.
    if let Some(time) = unsafe { time.as_mut() } {
        // An origin of its own, so that nothing is subtracted to before zero.
        time.tv_sec = 1_000_000 + (now / 1_000_000_000).cast_signed();
        time.tv_nsec = (now % 1_000_000_000).cast_signed();
    }
    0
}

/// µ-law (ITU-T G.711).
struct MuLaw;

impl AudioDecoder for MuLaw {
    fn sample_rate(&self) -> u32 {
        8_000
    }

    fn channels(&self) -> u8 {
        1
    }

    fn decode(&mut self, encoded: &[u8]) -> neteq::Result<Vec<f32>> {
        Ok(encoded.iter().map(|&code| f32::from(expand(code)) / 32_768.0).collect())
    }
}

fn expand(code: u8) -> i16 {
    let bits = !code;
    let magnitude = ((i16::from(bits & 0x0F) << 3) + 0x84) << ((bits >> 4) & 7);
    if bits & 0x80 == 0 { magnitude - 0x84 } else { 0x84 - magnitude }
}

struct Call {
    end: u64,
    packets: Vec<(u64, Vec<u8>)>,
}

fn main() -> io::Result<()> {
    let call = read()?;
    let mut neteq = NetEq::new(NetEqConfig { sample_rate: 8_000, ..NetEqConfig::default() })
        .map_err(io::Error::other)?;
    neteq.register_decoder(0, Box::new(MuLaw));
    let (mut out, mut made_up, mut ticks) = (io::stdout().lock(), 0u64, 0u64);
    let mut waiting = call.packets.into_iter().peekable();
    for now in (0..call.end).step_by(TICK_NS as usize) {
        while let Some((arrival, datagram)) = waiting.next_if(|it| it.0 <= now) {
            NOW.store(arrival, Ordering::Relaxed);
            insert(&mut neteq, &datagram);
        }
        NOW.store(now, Ordering::Relaxed);
        let frame = neteq.get_audio().map_err(io::Error::other)?;
        ticks += 1;
        made_up += u64::from(frame.speech_type == SpeechType::Expand);
        for sample in &frame.samples {
            out.write_all(&((sample * 32_768.0).clamp(-32_768.0, 32_767.0) as i16).to_le_bytes())?;
        }
    }
    write!(io::stderr(), "{}", made_up * 1_000_000 / ticks.max(1))
}

/// Packets that it refuses are lost.
fn insert(neteq: &mut NetEq, datagram: &[u8]) {
    let (head, payload) = datagram.split_at(12);
    let sequence = u16::from_be_bytes([head[2], head[3]]);
    let timestamp = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    let header = RtpHeader::new(sequence, timestamp, ssrc, head[1] & 0x7F, head[1] & 0x80 != 0);
    let duration_ms = payload.len() as u32 / 8;
    let packet = AudioPacket::new(header, payload.to_vec(), 8_000, 1, duration_ms);
    let _ = neteq.insert_packet(packet);
}

fn read() -> io::Result<Call> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    let mut rest = bytes.as_slice();
    let end = take_u64(&mut rest)?;
    let mut packets = Vec::new();
    while !rest.is_empty() {
        let arrival = take_u64(&mut rest)?;
        let mut len = [0; 4];
        rest.read_exact(&mut len)?;
        let mut datagram = vec![0; u32::from_le_bytes(len) as usize];
        rest.read_exact(&mut datagram)?;
        packets.push((arrival, datagram));
    }
    Ok(Call { end, packets })
}

fn take_u64(from: &mut &[u8]) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
