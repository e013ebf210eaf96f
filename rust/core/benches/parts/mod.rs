//! The parts of a call whose speed matters, each as something to be done again and again.

mod call;
mod sound;
#[cfg(feature = "srtp")]
mod srtp;
mod wire;

/// Gets a part's name, the nanoseconds that one run of it may take if that is settled, and one run.
pub(crate) type Look<'a> = &'a mut dyn FnMut(&str, Option<f64>, &mut dyn FnMut());

/// Shows all parts to `look`, one after the other.
pub(crate) fn all(look: Look<'_>) {
    sound::all(look);
    wire::all(look);
    #[cfg(feature = "srtp")]
    srtp::all(look);
    call::all(look);
}
