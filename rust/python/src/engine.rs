//! The engine, its ports and its running legs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use fourwire::listen::Shape;
use fourwire::{AudioFormat, DigitsRefused, Event, InBandKeys};
use fourwire_engine as engine;
use fourwire_engine::{
    CloseCause, EngineConfig, EngineEvent, FileFormat, Pause, Recording, RecordingEvent, Remote,
};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::buffer::Octets;
use crate::early_barge_in::Early;
use crate::error::Error;
use crate::event::{
    Audio, Closed, Counters, Latched, RecordingFailed, RecordingStarted, RecordingStopped,
};
use crate::leg::{APPEND, LegConfig, PCM8, PCMU, TONE, announcement_of, bridge_of, event_of};
use crate::link::{self, LiveLink, OpenedLink};
use crate::lock::Held;
use crate::srtp::SrtpKeys;
use crate::word::{AppendTime, Field, Ip, Place, Ports, Span, Spelled, TickTime, ToneTime, Word};

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Engine(engine::Engine);

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(
        signature = (*, address=ANYWHERE, ports=Ports(10_000..=20_000), workers=Field(1), tick_ms=TICK),
        text_signature = "(*, address='0.0.0.0', ports=(10000, 20000), workers=1, tick_ms=5)",
    )]
    fn new(
        address: Ip,
        ports: Ports,
        workers: Field<u16>,
        tick_ms: TickTime,
    ) -> Result<Self, Error> {
        let mut config = EngineConfig::default();
        config.address = address.0;
        config.ports = ports.0;
        config.workers = workers.0.into();
        config.tick = tick_ms.0;
        Ok(Self(engine::Engine::new(config)?))
    }

    fn fileno(&self) -> RawFd {
        self.0.event_fd()
    }

    fn take<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut taken = Vec::new();
        // No object of Python's is made while the engine holds its doors open: to make one may run
        // any code, which may come here again.
        py.detach(|| self.0.take(|leg, event| taken.push((leg.get(), Taken::from(event)))));
        let told = PyList::empty(py);
        for (leg, event) in taken {
            told.append((leg, event.tell(py)?))?;
        }
        Ok(told)
    }

    fn take_links<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut taken = Vec::new();
        py.detach(|| self.0.take_links(|link, event| taken.push((link.get(), event))));
        let told = PyList::empty(py);
        for (link, event) in taken {
            told.append((link, link::tell(py, event)?))?;
        }
        Ok(told)
    }

    #[pyo3(
        signature = (opened, *, ping_interval=Some(20.0), ping_timeout=Some(20.0)),
        text_signature = "($self, opened, *, ping_interval=20.0, ping_timeout=20.0)",
    )]
    fn link(
        &self,
        py: Python<'_>,
        opened: &OpenedLink,
        ping_interval: Option<f64>,
        ping_timeout: Option<f64>,
    ) -> Result<LiveLink, Error> {
        let heartbeat = link::heartbeat(ping_interval, ping_timeout)?;
        Ok(LiveLink(self.0.link(opened.take(py)?, heartbeat)?))
    }

    fn reserve(&self, py: Python<'_>) -> Result<Port, Error> {
        let port = py.detach(|| self.0.reserve())?;
        Ok(Port { number: port.number(), port: Mutex::new(Some(port)) })
    }

    fn counters(&self) -> Counters {
        Counters::new(&self.0.counters().entries())
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// What was taken out of the engine, on its way to Python.
enum Taken {
    Append(Vec<u8>),
    Audio {
        arrival_ns: u64,
        audio: Vec<u8>,
    },
    Leg(Event),
    Latched(SocketAddr),
    Recording(RecordingEvent),
    Closed(engine::Closed),
    /// Something that this version does not know.
    Unknown,
}

impl From<EngineEvent<'_>> for Taken {
    fn from(event: EngineEvent<'_>) -> Self {
        match event {
            EngineEvent::Append(frame) => Self::Append(frame.to_vec()),
            EngineEvent::Audio { arrival, audio } => {
                Self::Audio { arrival_ns: arrival.as_nanos(), audio: audio.to_vec() }
            }
            EngineEvent::Leg(event) => Self::Leg(event),
            EngineEvent::Latched(peer) => Self::Latched(peer),
            EngineEvent::Recording(event) => Self::Recording(event),
            EngineEvent::Closed(closed) => Self::Closed(closed),
            _ => Self::Unknown,
        }
    }
}

impl Taken {
    fn tell(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        match self {
            Self::Append(frame) => Ok(PyBytes::new(py, &frame).into_any()),
            Self::Audio { arrival_ns, audio } => {
                Audio { arrival_ns, audio: PyBytes::new(py, &audio).into() }.into_bound_py_any(py)
            }
            Self::Leg(event) => event_of(py, event),
            Self::Latched(peer) => {
                Latched { address: (peer.ip().to_string(), peer.port()) }.into_bound_py_any(py)
            }
            Self::Recording(event) => recording_event(py, event),
            Self::Closed(closed) => {
                let cause = Spelled::word(closed.cause).to_owned();
                Closed { counters: Counters::new(&closed.counters), cause }.into_bound_py_any(py)
            }
            Self::Unknown => Ok(py.None().into_bound(py)),
        }
    }
}

fn recording_event(py: Python<'_>, event: RecordingEvent) -> PyResult<Bound<'_, PyAny>> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    match event {
        RecordingEvent::Started { path, at, rate } => {
            let (at_ns, rate) = (at.as_nanos(), rate.hertz());
            RecordingStarted { path: text(&path), at_ns, rate }.into_bound_py_any(py)
        }
        RecordingEvent::Stopped { path, lies_at, duration, lost, bytes } => RecordingStopped {
            path: text(&path),
            duration_s: duration.as_secs_f64(),
            lost_ms: lost.as_secs_f64() * 1000.0,
            size: bytes,
            lies_at: text(&lies_at),
        }
        .into_bound_py_any(py),
        RecordingEvent::Failed { path, error } => {
            RecordingFailed { path: text(&path), error }.into_bound_py_any(py)
        }
    }
}

impl Word for FileFormat {
    const WHAT: &'static str = "the format of a recording";
    const WORDS: &'static [(&'static str, Self)] = &[("wav", Self::Wav), ("flac", Self::Flac)];
}

impl Word for Pause {
    const WHAT: &'static str = "what stands for a pause";
    const WORDS: &'static [(&'static str, Self)] =
        &[("silence", Self::Silence), ("gap", Self::Gap)];
}

impl Word for CloseCause {
    const WHAT: &'static str = "why a leg ended";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("asked", Self::Asked),
        ("engine closed", Self::EngineClosed),
        ("socket refused", Self::SocketRefused),
        ("fault", Self::Fault),
    ];
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Port {
    number: u16,
    /// Gone once started or closed.
    port: Mutex<Option<engine::Port>>,
}

#[pymethods]
impl Port {
    #[getter]
    fn port(&self) -> u16 {
        self.number
    }

    #[pyo3(signature = (config, remote, remote_rtcp=None, rtcp_mux=false, keys=None))]
    fn start(
        &self,
        py: Python<'_>,
        config: &LegConfig,
        remote: Place,
        remote_rtcp: Option<Place>,
        rtcp_mux: bool,
        keys: Option<&SrtpKeys>,
    ) -> Result<LiveLeg, Error> {
        let port = self.port.held(py).take().ok_or(Error::PortSpent(self.number))?;
        let media = config.inner().media;
        let remote = remote_of(remote, remote_rtcp, rtcp_mux);
        let leg = match keys.map(SrtpKeys::inner) {
            Some(keys) => py.detach(|| port.start_secure(media, remote, keys)),
            None => py.detach(|| port.start(media, remote)),
        };
        Ok(LiveLeg(leg?))
    }

    fn close(&self, py: Python<'_>) {
        drop(self.port.held(py).take());
    }
}

fn remote_of(rtp: Place, rtcp: Option<Place>, mux: bool) -> Remote {
    let remote = Remote::new(rtp.0);
    Remote { rtcp: rtcp.map_or(remote.rtcp, |rtcp| rtcp.0), mux, ..remote }
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct LiveLeg(engine::LegHandle);

impl LiveLeg {
    pub(crate) fn inner(&self) -> &engine::LegHandle {
        &self.0
    }
}

#[pymethods]
impl LiveLeg {
    #[getter]
    fn id(&self) -> u64 {
        self.0.id().get()
    }

    #[getter]
    fn port(&self) -> u16 {
        self.0.port()
    }

    #[pyo3(
        signature = (
            *, input=PCMU, output=PCMU, back_channel=None, append_ms=APPEND,
            shape=Spelled(Shape::Append), early_barge_in=Early(None), link=None,
        ),
        text_signature = "($self, *, input='audio/pcmu', output='audio/pcmu', back_channel=None, \
            append_ms=60, shape='append', early_barge_in=None, link=None)",
    )]
    #[expect(clippy::too_many_arguments, reason = "all are named and have a default")]
    fn bridge(
        &self,
        input: Spelled<AudioFormat>,
        output: Spelled<AudioFormat>,
        back_channel: Option<Spelled<AudioFormat>>,
        append_ms: AppendTime,
        shape: Spelled<Shape>,
        early_barge_in: Early,
        link: Option<&LiveLink>,
    ) {
        let formats = (input, output, back_channel);
        let bridge = bridge_of(formats, append_ms, shape, early_barge_in);
        match link {
            Some(link) => self.0.bridge_by(bridge, &link.0),
            None => self.0.bridge(bridge),
        }
    }

    fn unbridge(&self) {
        self.0.unbridge();
    }

    fn receive_message(&self, message: Octets) -> bool {
        self.0.receive_message(&message)
    }

    fn begin_response(&self, response: &str) {
        self.0.begin_response(response);
    }

    #[pyo3(signature = (audio, *, response="", item=""))]
    fn say(&self, audio: Octets, response: &str, item: &str) -> bool {
        self.0.say(response, item, &audio)
    }

    fn say_back_channel(&self, audio: Octets) -> bool {
        self.0.say_back_channel(&audio)
    }

    fn barge_in(&self) {
        self.0.barge_in();
    }

    fn clear(&self) {
        self.0.clear();
    }

    #[pyo3(
        signature = (number, audio, *, format=PCM8, repeat=false, gives_way=false),
        text_signature = "($self, number, audio, *, format='audio/pcm;rate=8000', repeat=False, \
            gives_way=False)",
    )]
    fn play(
        &self,
        number: Field<u64>,
        audio: Octets,
        format: Spelled<AudioFormat>,
        repeat: bool,
        gives_way: bool,
    ) -> bool {
        self.0.play(announcement_of(number.0, &audio, format, repeat, gives_way))
    }

    fn stop_playing(&self, number: Field<u64>) {
        self.0.stop_playing(number.0);
    }

    #[pyo3(
        signature = (digits, *, tone_ms=TONE, gap_ms=TONE),
        text_signature = "($self, digits, *, tone_ms=100, gap_ms=100)",
    )]
    fn send_digits(&self, digits: &str, tone_ms: ToneTime, gap_ms: ToneTime) -> Result<(), Error> {
        let sent = self.0.send_digits(digits, tone_ms.0, gap_ms.0);
        Ok(sent.map_err(DigitsRefused::Unknown)?)
    }

    fn hear_in_band_keys(&self, how: Spelled<InBandKeys>) {
        self.0.hear_in_band_keys(how.0);
    }

    fn mask(&self, on: bool) {
        self.0.mask(on);
    }

    #[pyo3(signature = (config, remote, remote_rtcp=None, rtcp_mux=false, keys=None))]
    fn renegotiate(
        &self,
        config: &LegConfig,
        remote: Place,
        remote_rtcp: Option<Place>,
        rtcp_mux: bool,
        keys: Option<&SrtpKeys>,
    ) {
        let remote = remote_of(remote, remote_rtcp, rtcp_mux);
        self.0.renegotiate(config.inner().media, remote, keys.map(SrtpKeys::inner));
    }

    #[pyo3(signature = (path, *, format=None, mono=false))]
    fn record(&self, path: Option<PathBuf>, format: Option<Spelled<FileFormat>>, mono: bool) {
        self.0.record(path.map(|path| {
            let recording = Recording::new(path);
            let format = format.map_or(recording.format, |format| format.0);
            Recording { format, mono, ..recording }
        }));
    }

    #[pyo3(signature = (pause))]
    fn pause_recording(&self, pause: Option<Spelled<Pause>>) {
        self.0.pause_recording(pause.map(|pause| pause.0));
    }

    fn counters(&self) -> Counters {
        Counters::new(&self.0.counters())
    }

    fn close(&self) {
        self.0.close();
    }
}

const ANYWHERE: Ip = Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

/// How often the engine looks at its calls.
const TICK: TickTime = Span(Duration::from_millis(5));
