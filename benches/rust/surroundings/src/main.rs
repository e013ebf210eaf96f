//! What is around a system under test: its phones and its agent, on one thread with one tick.
//!
//! `surroundings CALLS [--tls FOLDER]` tells on standard output where agent and phones are, and does
//! what standard input asks for, an object of JSON in each line:
//!
//! - `{"do":"call","ports":[…]}`: the phones begin to send to these ports
//! - `{"do":"stream","port":…}`: or they send their calls to this port as Twilio's Media Streams
//! - `{"do":"state"}`: tells how many sessions there are, and the least that any of them has heard
//! - `{"do":"speak"}`: has every agent begin to speak, and tells when they all do
//! - `{"do":"begin"}`: forgets what was counted and timed
//! - `{"do":"report"}`: tells what was counted and timed
//! - `{"do":"interrupt"}`: interrupts every agent once and lets it speak again, and tells of both
//!
//! Every answer is one line; the end of standard input ends it.

mod agent;
mod call;
mod figures;
mod kernel;
mod phones;
mod round;
mod session;
mod stream;
mod streams;

use std::error::Error;
use std::io::{self, BufRead};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::call::Call;
use crate::figures::Figures;
use crate::phones::Phones;
use crate::round::Round;
use crate::streams::Streams;

const TICK: Duration = Duration::from_millis(1);

fn main() -> Result<(), Box<dyn Error>> {
    let (calls, tls) = arguments()?;
    kernel::go_first();
    let mut surroundings = Surroundings {
        agent: Agent::listen(tls.as_deref())?,
        phones: Phones::new(calls)?,
        streams: Streams::new()?,
        calls: (0..calls).map(|_| Call::default()).collect(),
        figures: Figures::default(),
        round: None,
    };
    tell(&json!({"url": surroundings.agent.url, "phones": surroundings.phones.ports(calls)?}));
    surroundings.run(&orders())
}

struct Surroundings {
    agent: Agent,
    phones: Phones,
    streams: Streams,
    calls: Vec<Call>,
    figures: Figures,
    round: Option<Round>,
}

impl Surroundings {
    fn run(&mut self, orders: &Receiver<String>) -> Result<(), Box<dyn Error>> {
        let mut next = Instant::now();
        loop {
            let now = Instant::now();
            self.phones.send_due(now, &mut self.calls, &mut self.figures);
            self.streams.send_due(now, &mut self.figures);
            self.agent.speak_due(now, &mut self.figures);
            self.take_turns(now);
            self.phones.take(&mut self.calls, &mut self.figures);
            self.streams.take(&mut self.calls, &mut self.figures)?;
            self.agent.take(&self.calls, &mut self.figures)?;
            match orders.try_recv() {
                Ok(order) => self.follow(&serde_json::from_str(&order)?)?,
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
            next = (next + TICK).max(now);
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    fn take_turns(&mut self, now: Instant) {
        if let Some(round) = &mut self.round
            && let Some(found) =
                round.poll(now, &mut self.agent, &mut self.calls, &mut self.figures)
        {
            tell(&found);
            self.round = None;
        }
    }

    fn follow(&mut self, order: &Value) -> Result<(), Box<dyn Error>> {
        match order["do"].as_str().unwrap_or_default() {
            "call" => {
                let ports: Vec<u16> = serde_json::from_value(order["ports"].clone())?;
                self.phones.start(&ports, Instant::now());
            }
            "stream" => {
                let port: u16 = serde_json::from_value(order["port"].clone())?;
                self.streams.open(port, self.calls.len())?;
            }
            "state" => tell(&self.state()),
            "begin" => self.figures = Figures::default(),
            "report" => tell(&self.figures.told()),
            "speak" => self.round = Some(Round::of_beginnings(Instant::now(), self.calls.len())),
            "interrupt" => {
                self.round = Some(Round::of_interruptions(Instant::now(), self.calls.len()));
            }
            other => return Err(format!("nobody knows how to {other:?}").into()),
        }
        Ok(())
    }

    fn state(&self) -> Value {
        let sessions = self.agent.sessions.iter().filter(|session| session.is_set_up());
        let least = sessions.clone().map(|session| session.heard_bytes).min();
        json!({"sessions": sessions.count(), "least_heard_bytes": least.unwrap_or(0)})
    }
}

fn arguments() -> Result<(usize, Option<PathBuf>), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [calls] => Ok((calls.parse()?, None)),
        [calls, "--tls", folder] => Ok((calls.parse()?, Some(PathBuf::from(folder)))),
        _ => Err("surroundings CALLS [--tls FOLDER]".into()),
    }
}

/// The lines of standard input, read by a thread that waits for them.
fn orders() -> Receiver<String> {
    let (to, orders) = channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                break;
            }
        }
    });
    orders
}

fn tell(answer: &Value) {
    println!("{answer}");
}
