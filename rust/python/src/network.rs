//! A bad network, to measure with.

use std::sync::Mutex;
use std::time::Duration;

use fourwire_network::{
    Conditions, Duplication, Jitter, Loss, PROFILES, Pattern, Reordering, Share, Skew, Stalls,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::buffer::Octets;
use crate::event::Counters;
use crate::lock::Held;
use crate::word::{Field, Nanoseconds, Span, Spelled, Word, shown};

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Network {
    conditions: Conditions,
    seed: u64,
    network: Mutex<fourwire_network::Network<Vec<u8>>>,
}

#[pymethods]
impl Network {
    #[new]
    #[pyo3(
        signature = (
            profile=Named(&PROFILES[0]), *, seed=Field(0), skew_ppm=None, loss=None, stalls=None,
            delay_ms=None, jitter=None, in_order=None, reordering=None, duplication=None,
        ),
        text_signature = "(profile='clean', *, seed=0, skew_ppm=None, loss=None, stalls=None, \
                          delay_ms=None, jitter=None, in_order=None, reordering=None, \
                          duplication=None)",
    )]
    #[expect(clippy::too_many_arguments, reason = "each is an argument in Python, by its name")]
    fn new(
        profile: Named,
        seed: Field<u64>,
        skew_ppm: Option<Ppm>,
        loss: Option<Lossy>,
        stalls: Option<Stalling>,
        delay_ms: Option<Delay>,
        jitter: Option<Jittery>,
        in_order: Option<bool>,
        reordering: Option<Portion>,
        duplication: Option<Portion>,
    ) -> Self {
        let base = profile.0.conditions();
        let conditions = Conditions {
            skew: skew_ppm.map_or(base.skew, |it| it.0),
            loss: loss.map_or(base.loss, |it| it.0),
            stalls: stalls.map_or(base.stalls, |it| Some(it.0)),
            delay: delay_ms.map_or(base.delay, |it| it.0),
            jitter: jitter.map_or(base.jitter, |it| it.0),
            in_order: in_order.unwrap_or(base.in_order),
            reordering: reordering
                .map_or(base.reordering, |it| Reordering { share: it.share, by: it.span }),
            duplication: duplication
                .map_or(base.duplication, |it| Duplication { share: it.share, after: it.span }),
        };
        let network = fourwire_network::Network::new(conditions.clone(), seed.0);
        Self { conditions, seed: seed.0, network: Mutex::new(network) }
    }

    #[staticmethod]
    fn profiles(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let profiles = PyDict::new(py);
        for profile in PROFILES {
            profiles.set_item(profile.name, profile.about)?;
        }
        Ok(profiles)
    }

    fn send(&self, py: Python<'_>, now_ns: Nanoseconds, datagram: Octets) {
        self.network.held(py).send(span(now_ns), datagram.to_vec());
    }

    fn poll<'py>(
        &self,
        py: Python<'py>,
        now_ns: Nanoseconds,
    ) -> PyResult<Option<(u64, Bound<'py, PyBytes>)>> {
        let arrived = self.network.held(py).poll(span(now_ns));
        Ok(arrived.map(|(at, datagram)| (nanos(at), PyBytes::new(py, &datagram))))
    }

    #[getter]
    fn deadline_ns(&self, py: Python<'_>) -> Option<u64> {
        self.network.held(py).deadline().map(nanos)
    }

    fn change(&self, py: Python<'_>, to: &Self) {
        self.network.held(py).change(to.conditions.clone());
    }

    fn arrivals(&self, py: Python<'_>, sent_ns: Vec<Nanoseconds>) -> Vec<(u64, usize)> {
        let sent = sent_ns.into_iter().map(span);
        let arrived =
            py.detach(|| fourwire_network::arrivals(self.conditions.clone(), self.seed, sent));
        arrived.into_iter().map(|(at, number)| (nanos(at), number)).collect()
    }

    fn counters(&self, py: Python<'_>) -> Counters {
        Counters::new(&self.network.held(py).counters().entries())
    }
}

fn span(now: Nanoseconds) -> Duration {
    Duration::from_nanos(now.0.as_nanos())
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// A time that a network adds.
type Delay = Span<0, 10_000>;

/// A profile, by its name.
#[derive(Clone, Copy)]
struct Named(&'static fourwire_network::Profile);

impl FromPyObject<'_, '_> for Named {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let name: String = object.extract()?;
        let found = PROFILES.iter().find(|profile| profile.name == name);
        found.map(Self).ok_or_else(|| {
            let names: Vec<_> = PROFILES.iter().map(|profile| profile.name).collect();
            let names = names.join(", ");
            PyValueError::new_err(format!("profile is one of {names}, not {name:?}"))
        })
    }
}

/// How fast a clock is, in parts in a million.
struct Ppm(Skew);

impl FromPyObject<'_, '_> for Ppm {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Skew::new(object.extract()?).map(Self).ok_or_else(|| {
            let ppm = shown(&object);
            PyValueError::new_err(format!("a clock is at most 10000 ppm fast or slow, not {ppm}"))
        })
    }
}

/// A share of packets.
struct Part(Share);

impl FromPyObject<'_, '_> for Part {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        part(object.extract()?).map(Self)
    }
}

fn part(share: f64) -> PyResult<Share> {
    Share::new(share)
        .ok_or_else(|| PyValueError::new_err(format!("a share is from 0 to 1, not {share}")))
}

/// A share of packets, and a time that they take besides.
struct Portion {
    share: Share,
    span: Duration,
}

impl FromPyObject<'_, '_> for Portion {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let (share, span): (Part, Delay) = object.extract()?;
        Ok(Self { share: share.0, span: span.0 })
    }
}

/// Which packets are lost: a share of all, that and the mean run, or Gilbert's and Elliott's four.
struct Lossy(Loss);

impl FromPyObject<'_, '_> for Lossy {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(share) = object.extract::<f64>() {
            return part(share).map(|share| Self(Loss::independent(share)));
        }
        if let Ok((mean, run)) = object.extract::<(f64, f64)>() {
            return Loss::runs(part(mean)?, run).map(Self).ok_or_else(|| {
                let loss = shown(&object);
                PyValueError::new_err(format!(
                    "no network loses {loss}: a run has at least one packet, and between two \
                     runs lies at least one"
                ))
            });
        }
        let (p, r, in_good, in_bad): (Part, Part, Part, Part) = object.extract()?;
        Ok(Self(Loss { p: p.0, r: r.0, in_good: in_good.0, in_bad: in_bad.0 }))
    }
}

impl Word for Pattern {
    const WHAT: &'static str = "pattern of stalls";
    const WORDS: &'static [(&'static str, Self)] =
        &[("regular", Self::Regular), ("random", Self::Random)];
}

/// When nothing gets through: the pattern, the time between two, the time of one.
struct Stalling(Stalls);

impl FromPyObject<'_, '_> for Stalling {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let (pattern, between, lasting): (Spelled<Pattern>, Span<1, 3_600_000>, Delay) =
            object.extract()?;
        let stalls = Stalls::new(pattern.0, between.0, lasting.0);
        stalls.map(Self).ok_or_else(|| PyValueError::new_err("stalls lie too close"))
    }
}

/// Distributions by name, as [`Jitter`] has them.
#[derive(Clone, Copy, PartialEq)]
enum Distribution {
    Uniform,
    Gamma,
    HeavyTailed,
}

impl Word for Distribution {
    const WHAT: &'static str = "distribution of jitter";
    const WORDS: &'static [(&'static str, Self)] =
        &[("uniform", Self::Uniform), ("gamma", Self::Gamma), ("heavy-tailed", Self::HeavyTailed)];
}

impl Distribution {
    fn of_mean(self, mean: Duration) -> Jitter {
        match self {
            Self::Uniform => Jitter::Uniform { most: 2 * mean },
            Self::Gamma => Jitter::Gamma { mean, shape: QUEUES },
            Self::HeavyTailed => Jitter::HeavyTailed { mean },
        }
    }
}

/// The shape of gamma jitter, as the named profiles have it.
const QUEUES: u8 = 2;

/// What is added to the delay: a distribution and its mean, or a trace.
struct Jittery(Jitter);

impl FromPyObject<'_, '_> for Jittery {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyTuple>() {
            let (distribution, mean): (Spelled<Distribution>, Delay) = object.extract()?;
            return Ok(Self(distribution.0.of_mean(mean.0)));
        }
        let trace: Vec<Option<Delay>> = object.extract()?;
        Ok(Self(Jitter::Trace(trace.into_iter().map(|delay| delay.map(|it| it.0)).collect())))
    }
}
