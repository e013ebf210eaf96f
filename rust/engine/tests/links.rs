//! A WebSocket to an agent and a call, joined in the engine.

mod support;

use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use fourwire::Bridge;
use fourwire_engine::link::{Heartbeat, LinkEvent, OpenError, Request, open};
use support::*;
use tungstenite::Message;

fn request() -> Request {
    Request {
        host: "127.0.0.1".into(),
        authority: "127.0.0.1".into(),
        target: "/".into(),
        secure: false,
        headers: Vec::new(),
    }
}

/// An agent that says audio when it is told to go on, and gives back what it heard then.
fn agent() -> (TcpStream, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let served = thread::spawn(move || {
        let mut socket = tungstenite::accept(listener.accept().unwrap().0).unwrap();
        assert_eq!(socket.read().unwrap(), Message::text("go on"));
        let audio = "ERER".repeat(160); // 480 bytes of 0x11
        let delta = format!(
            r#"{{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"{audio}"}}"#
        );
        socket.send(Message::text(delta)).unwrap();
        socket.send(Message::text(r#"{"type":"ping"}"#)).unwrap();
        let heard = socket.read().unwrap().into_text().unwrap().as_str().to_owned();
        while socket.read().is_ok() {} // up to the goodbye
        heard
    });
    (tcp, served)
}

#[test]
fn a_call_and_an_agent_talk_without_their_user() {
    let (engine, mut phone) = (engine(), Phone::at("127.0.0.2"));
    let (tcp, served) = agent();
    let link = engine.link(open(tcp, &request(), PATIENCE).unwrap(), Heartbeat::default()).unwrap();
    let leg = call(&engine, &phone);
    leg.bridge_by(Bridge::new(PCMU), &link);
    link.halt();
    wait(&engine, |event| matches!(event, LinkEvent::Halted));
    link.join(&leg);
    link.send(b"go on".to_vec());

    wait(
        &engine,
        |event| matches!(event, LinkEvent::Message(it) if it == &br#"{"type":"ping"}"#[..]),
    );
    let heard = phone.hear_until(|it| it.payload == [0x11; 160]);
    assert!(heard.len() < 100);
    for _ in 0..3 {
        let _ = phone.hear();
        phone.say(&[0; 160], format!("127.0.0.1:{}", leg.port()).parse().unwrap());
    }
    until("the caller's words", || (link.counters().sent == 2).then_some(()));
    assert_eq!((link.counters().received, link.counters().consumed), (2, 1));
    link.close();
    wait(&engine, |event| matches!(event, LinkEvent::Closed(it) if it.code == 1000 && it.clean));
    assert!(served.join().unwrap().starts_with(r#"{"type":"input_audio_buffer.append""#));
}

#[test]
fn what_is_no_websocket_server_is_no_link() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    // It is there and says nothing.
    let error = open(tcp, &request(), Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, OpenError::Failed(_)));
}

/// Takes what the links tell until it is what `wanted` says.
fn wait(engine: &fourwire_engine::Engine, wanted: impl Fn(&LinkEvent) -> bool) {
    until("an event of a link", || {
        let mut found = false;
        engine.take(|_, _| {});
        engine.take_links(|_, event| found |= wanted(&event));
        found.then_some(())
    });
}
