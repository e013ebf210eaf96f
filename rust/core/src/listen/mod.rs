//! What the caller says: packets put in order, holes filled, samples for the agent.

pub mod dejitter;
pub mod source;
