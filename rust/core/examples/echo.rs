//! A telephone that repeats what it hears, on one UDP socket.
//!
//! The core has no socket and no clock, so this is what its user brings: a loop that feeds a
//! [`Leg`] and does what it asks for. Point any RTP sender of G.711 µ-law at the port:
//!
//! ```text
//! cargo run --example echo -- 127.0.0.1:40000
//! ```

use std::error::Error;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fourwire::listen::Shape;
use fourwire::wire::Ssrc;
use fourwire::{AudioFormat, Bridge, Law, Leg, LegConfig, Media, Moment, Output};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:40000".into());
    let socket = UdpSocket::bind(address)?;
    eprintln!("echo on {}", socket.local_addr()?);
    let origin = Instant::now();
    let now = || Moment::from_nanos(origin.elapsed().as_nanos() as u64);
    let mut leg = echoing_leg(now())?;
    let mut caller = None;
    loop {
        speak(&mut leg, now(), &socket, caller)?;
        wait_until(leg.deadline(), now(), &socket)?;
        let mut datagram = [0; 2048];
        match socket.recv_from(&mut datagram) {
            Ok((length, from)) => {
                caller.get_or_insert(from);
                leg.receive(now(), &datagram[..length]);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A leg whose agent would be spoken to in packets, not in messages.
fn echoing_leg(start: Moment) -> Result<Leg, Box<dyn Error>> {
    let config = LegConfig {
        media: Media::g711(Law::Mu),
        ssrc: Ssrc(0x0EC0_0EC0),
        first_sequence: 0,
        first_timestamp: 0,
        cname: "echo@fourwire".into(),
        unix_time_at_origin: SystemTime::now().duration_since(UNIX_EPOCH)?,
    };
    let mut leg = Leg::new(config, start);
    let append = Duration::from_millis(20);
    let format = AudioFormat::G711(Law::Mu);
    leg.bridge(Bridge { append, shape: Shape::Audio, ..Bridge::new(format) });
    Ok(leg)
}

/// Does all that the leg asks for, and hands it what it heard to say.
fn speak(
    leg: &mut Leg,
    now: Moment,
    socket: &UdpSocket,
    caller: Option<SocketAddr>,
) -> std::io::Result<()> {
    while let Some(output) = leg.poll(now) {
        match output {
            Output::Rtp(datagram) => {
                if let Some(caller) = caller {
                    socket.send_to(datagram, caller)?;
                }
            }
            Output::Audio { audio, .. } => {
                let heard = audio.to_vec();
                leg.say("echo", "echo", &heard);
            }
            Output::Event(event) => eprintln!("{event:?}"),
            Output::Rtcp(_) | Output::Append(_) | Output::Recorded(_) => {}
        }
    }
    Ok(())
}

fn wait_until(deadline: Moment, now: Moment, socket: &UdpSocket) -> std::io::Result<()> {
    let patience = deadline.since(now).max(Duration::from_millis(1));
    socket.set_read_timeout(Some(patience))
}
