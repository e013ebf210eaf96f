//! What is kept of each source: its indices.

use super::SrtpError;
use super::index::{RTCP_INDICES, RTP_INDICES, guess};
use super::window::ReplayWindow;

/// Sources of one direction. Session keys are the same for all of them, indices are not.
#[derive(Debug, Default)]
pub(super) struct Sources(Vec<Source>);

/// More than a call has in its life, and little enough to look through.
pub(super) const MOST_SOURCES: usize = 64;

#[derive(Clone, Debug, Default)]
struct Source {
    ssrc: u32,
    rtp: ReplayWindow,
    rtcp: ReplayWindow,
}

/// A source's place, or the first free one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

impl Sources {
    /// Where `ssrc` is, or would be.
    pub(super) fn find(&self, ssrc: u32) -> Result<Place, SrtpError> {
        match self.0.iter().position(|source| source.ssrc == ssrc) {
            Some(place) => Ok(Place(place)),
            None if self.0.len() < MOST_SOURCES => Ok(Place(self.0.len())),
            None => Err(SrtpError::TooManySources),
        }
    }

    /// The index of the RTP packet numbered `sequence`, if that is new.
    pub(super) fn rtp_index(&self, place: Place, sequence: u16) -> Result<u64, SrtpError> {
        let Some(source) = self.0.get(place.0) else { return Ok(sequence.into()) };
        let newest = source.rtp.newest().unwrap_or(sequence.into());
        require_new(&source.rtp, guess(newest, sequence), RTP_INDICES)
    }

    /// `index` of an RTCP packet, if that is new.
    pub(super) fn rtcp_index(&self, place: Place, index: u32) -> Result<u64, SrtpError> {
        let Some(source) = self.0.get(place.0) else { return Ok(index.into()) };
        require_new(&source.rtcp, index.into(), RTCP_INDICES)
    }

    /// The index of the next RTCP packet, if there is one left.
    pub(super) fn next_rtcp_index(&self, place: Place) -> Result<u64, SrtpError> {
        let next = self.0.get(place.0).map_or(0, |source| source.rtcp.next());
        if next < RTCP_INDICES { Ok(next) } else { Err(SrtpError::KeyExhausted) }
    }

    /// Keeps in mind that the RTP packet `index` was there.
    pub(super) fn mark_rtp(&mut self, place: Place, ssrc: u32, index: u64) {
        self.at(place, ssrc).rtp.mark(index);
    }

    /// Keeps in mind that the RTCP packet `index` was there.
    pub(super) fn mark_rtcp(&mut self, place: Place, ssrc: u32, index: u64) {
        self.at(place, ssrc).rtcp.mark(index);
    }

    fn at(&mut self, place: Place, ssrc: u32) -> &mut Source {
        if place.0 == self.0.len() {
            self.0.push(Source { ssrc, ..Source::default() });
        }
        &mut self.0[place.0]
    }
}

fn require_new(window: &ReplayWindow, index: u64, indices: u64) -> Result<u64, SrtpError> {
    if index >= indices {
        Err(SrtpError::KeyExhausted)
    } else if !window.is_new(index) {
        Err(SrtpError::Replayed)
    } else {
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_index_of_a_key_is_used_and_none_after_it() {
        let mut sources = Sources::default();
        let place = sources.find(7).unwrap();
        sources.mark_rtp(place, 7, RTP_INDICES - 2);
        assert_eq!(sources.rtp_index(place, 0xFFFF), Ok(RTP_INDICES - 1));
        sources.mark_rtp(place, 7, RTP_INDICES - 1);
        assert_eq!(sources.rtp_index(place, 0), Err(SrtpError::KeyExhausted));

        sources.mark_rtcp(place, 7, RTCP_INDICES - 2);
        assert_eq!(sources.next_rtcp_index(place), Ok(RTCP_INDICES - 1));
        sources.mark_rtcp(place, 7, RTCP_INDICES - 1);
        assert_eq!(sources.next_rtcp_index(place), Err(SrtpError::KeyExhausted));
    }
}
