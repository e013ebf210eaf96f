//! Many calls on few threads (Linux).
#![deny(unsafe_code)]

pub mod latch;
pub mod port_pool;
mod socket;
mod system;
