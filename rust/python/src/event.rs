//! What is told about a call, as values to match on.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;

/// A frozen class whose fields can be read, compared, matched by position and shown.
macro_rules! event {
    ($(#[$about:meta])* $name:ident { }) => {
        $(#[$about])*
        #[pyclass(frozen, eq, hash, module = "fourwire._core")]
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub(crate) struct $name;

        #[pymethods]
        impl $name {
            #[new]
            fn new() -> Self {
                Self
            }

            fn __repr__(&self) -> &'static str {
                concat!(stringify!($name), "()")
            }
        }
    };
    ($(#[$about:meta])* $name:ident { $($field:ident: $type:ty $(= $default:tt)?,)+ }) => {
        $(#[$about])*
        #[pyclass(frozen, eq, get_all, module = "fourwire._core")]
        #[derive(Debug, PartialEq)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type,)+
        }

        #[pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = ($($field $(= $default)?),+))]
            fn new($($field: $type),+) -> Self {
                Self { $($field),+ }
            }

            #[classattr]
            #[pyo3(name = "__match_args__")]
            fn match_args() -> ($(Name!($field),)+) {
                ($(stringify!($field),)+)
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                let fields = [$((stringify!($field), slf.getattr(stringify!($field))?)),+];
                show(stringify!($name), &fields)
            }
        }
    };
}

/// One name for every field.
macro_rules! Name {
    ($field:ident) => {
        &'static str
    };
}

fn show(name: &str, fields: &[(&str, Bound<'_, PyAny>)]) -> PyResult<String> {
    let mut shown = Vec::with_capacity(fields.len());
    for (field, value) in fields {
        shown.push(format!("{field}={}", value.repr()?));
    }
    Ok(format!("{name}({})", shown.join(", ")))
}

event! { Key { digit: char, duration_ms: f64, in_band: bool = false, } }
event! { ReplyStarted { item: String, at_ns: u64 = 0, } }
event! { ReplyEnded { item: String, heard_ms: f64, at_ns: u64 = 0, } }
event! { Drained {} }
event! { Interruption { response: Option<String>, item: Option<String>, heard_ms: f64, discarded_ms: f64, softened_ms: f64 = 0.0, } }
event! { Ducked { item: String, heard_ms: f64, } }
event! { Restored { item: String, softened_ms: f64, } }
event! { ClearedEarly {} }
event! { Played { number: u64, heard_ms: f64, whole: bool, } }
event! { Unbridged {} }
event! { RtpStopped {} }
event! { RtpResumed {} }
event! { Goodbye {} }
event! { Latched { address: (String, u16), } }
event! { Audio { arrival_ns: u64, audio: PyBackedBytes, } }
event! { Closed { counters: Counters, cause: String, } }
event! { Rtp { datagram: PyBackedBytes, } }
event! { Rtcp { datagram: PyBackedBytes, } }
event! { LinkHalted {} }
event! { LinkParted {} }
event! { LinkRelieved {} }
event! { LinkClosed { code: u16, reason: String, clean: bool, } }
event! { Recorded { side: String, position: u64, pcm: PyBackedBytes, } }
event! { RecordingStarted { path: String, at_ns: u64, rate: u32, } }
event! { RecordingStopped { path: String, duration_s: f64, lost_ms: f64, size: u64, lies_at: String, } }
event! { RecordingFailed { path: String, error: String, } }

/// Counters by name, in their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Counters(Vec<(String, u64)>);

impl Counters {
    /// Those of `entries`.
    pub(crate) fn new(entries: &[(&'static str, u64)]) -> Self {
        Self(entries.iter().map(|&(name, count)| (name.to_owned(), count)).collect())
    }
}

impl<'py> IntoPyObject<'py> for &Counters {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = PyDict::new(py);
        for (name, count) in &self.0 {
            counters.set_item(name, count)?;
        }
        Ok(counters)
    }
}

impl<'py> IntoPyObject<'py> for Counters {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        (&self).into_pyobject(py)
    }
}

impl FromPyObject<'_, '_> for Counters {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let counters = object.cast::<PyDict>()?;
        counters
            .iter()
            .map(|(name, count)| Ok((name.extract()?, count.extract()?)))
            .collect::<PyResult<_>>()
            .map(Self)
    }
}
