//! A reply that gives way to a caller who may have begun to speak.

use std::time::Duration;

use super::Playout;

impl Playout {
    /// Turn the reply down to `gain`, from none to one, for the caller may have begun to speak.
    /// With none it waits where it is. The back channel stays as it is.
    pub fn turn_down(&mut self, gain: f32) {
        self.volume.turn(gain);
    }

    /// Turn the reply up again, and tell how much of the item that plays went out softer.
    pub fn turn_up(&mut self) -> Duration {
        let softened = self.output.rate().duration_of(self.volume.softened());
        if self.reply.is_silent() {
            self.volume.reset();
        } else {
            self.volume.turn(1.0);
        }
        softened
    }

    /// The item that plays, while its run goes on, and how much of it has gone out.
    pub fn playing(&self) -> Option<(&str, Duration)> {
        let entry = self.ledger.entry(self.playing?)?;
        Some((&entry.item, self.output.rate().duration_of(entry.sent)))
    }
}
