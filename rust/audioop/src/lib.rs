//! The arithmetic of CPython 3.11's `audioop`, to the bit: samples of one to four bytes in the byte
//! order of the machine, checked in the same order and refused in the same words.
//!
//! What comes in is parsed once, to a [`Width`], a [`Fragment`] or a [`ratecv::Conversion`]; what
//! those can do cannot fail. Results go into a slice of the caller's, which has exactly the length
//! that the result has.
//!
//! Where C leaves a conversion from floating point undefined, the result is what x86-64 makes of it.
//!
//! ```
//! use fourwire_audioop::Fragment;
//!
//! let fragment = Fragment::new(&[100, 0x9C, 50, 0xCE], 1)?;
//! assert_eq!((fragment.max(), fragment.cross()), (100, 3));
//! # Ok::<(), fourwire_audioop::Error>(())
//! ```

#![forbid(unsafe_code)]

mod arithmetic;
mod companding;
mod error;
mod fit;
mod fragment;
mod measure;
mod order;
mod sample;

pub mod adpcm;
pub mod polyphase;
pub mod ratecv;

pub use companding::{compress, expand};
pub use error::Error;
pub use fit::{findfactor, findfit, findmax};
pub use fragment::Fragment;
pub use sample::Width;
