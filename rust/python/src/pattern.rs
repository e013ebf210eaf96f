//! Regular expressions that take time in proportion to the text, whatever a stranger put there.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use regex::Regex;

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Pattern {
    expression: String,
    whole: Regex,
}

#[pymethods]
impl Pattern {
    #[new]
    fn new(expression: String) -> PyResult<Self> {
        let wrong = |error: regex::Error| PyValueError::new_err(error.to_string());
        // By itself first: what closes a group too early would be legal within ours.
        Regex::new(&expression).map_err(wrong)?;
        let whole = Regex::new(&format!(r"\A(?:{expression})\z")).map_err(wrong)?;
        Ok(Self { expression, whole })
    }

    fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }

    #[getter]
    fn expression(&self) -> &str {
        &self.expression
    }

    fn __repr__(&self) -> String {
        format!("Pattern({:?})", self.expression)
    }
}
