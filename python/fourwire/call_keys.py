"""The keys of a call: those that the caller presses, and those that are sent to it."""

import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

import anyio

from fourwire.call_part import CallPart
from fourwire.keys import Doubles, KeyListener, KeyPress, Keys
from fourwire.line import KeysNotTaken
from fourwire.media import MediaLeg

__all__ = ["HIDDEN", "CallKeys", "InBandKeys"]

InBandKeys = Literal["off", "hear", "remove"]
"""What is made of keys that come as tones: nothing, keys, or keys that nobody else hears."""

HIDDEN = "***"
"""What stands where a secret was typed."""

SHORTEST_HIDDEN = 3
"""Digits that are blacked out wherever they turn up; fewer would black out half of all numbers."""

ALPHABET = frozenset("0123456789*#ABCD!")


class CallKeys(CallPart):
    """The part of a call that is typed."""

    _leg: MediaLeg | None

    def __init__(self) -> None:
        super().__init__()
        self._keys = Keys()
        self._doubles = Doubles()
        self._typing_secretly = 0
        self._secrets: dict[str, str] = {}
        self._in_band: InBandKeys = "off"
        self._hears_in_band: InBandKeys = "off"

    def keys(self) -> KeyListener:
        """The keys that the caller presses from now on, by whichever method, each once.

        async for key in call.keys():
            match key.digit: ...

        What is collected as a secret is not among them. It ends with the call.
        """
        return self._keys.listen()

    def uncollected_keys(self) -> KeyListener:
        """The same, but for those that somebody collects."""
        return self._keys.listen(beside_collecting=False)

    def hear_in_band_keys(self, how: InBandKeys) -> None:
        """Take tones in the caller's audio for keys, too (ITU-T Q.23); `"remove"` keeps the tones
        from the agent and the recording. Off unless asked for, at any time.
        """
        self._in_band = how
        if self._leg is not None:
            self._hear_in_band(self._leg)

    async def collect_digits(
        self,
        most: int = 32,
        *,
        least: int = 0,
        end: str = "#",
        first_s: float = 10.0,
        next_s: float = 5.0,
        all_s: float = math.inf,
        sensitive: bool = False,
    ) -> str:
        """The keys that the caller presses from now on, up to `most` or to the key `end`.

        What has come by then where no key follows: for `first_s` at first, for `next_s` later; and
        where `all_s` have passed since the beginning. The key `end` counts from `least` keys on.

        With `sensitive` nobody else learns them: the journal has `***`, other listeners hear no
        keys, and both the agent and the recording hear silence in place of the caller meanwhile.
        """
        leg = self._media("collect digits")
        collect = partial(
            self._keys.collect,
            most,
            least=least,
            end=end,
            first_s=first_s,
            next_s=next_s,
            all_s=all_s,
            sensitive=sensitive,
        )
        return await self._collect_secretly(leg, collect) if sensitive else await collect()

    def keep_secret(self, digits: str) -> str:
        """A word that stands for `digits`, for a model that must not know them; see `secret_of`."""
        word = f"digits-{len(self._secrets) + 1}"
        self._secrets[word] = digits
        return word

    def secret_of(self, word: str) -> str:
        """The digits that `word` stands for; KeyError where there are none."""
        return self._secrets[word]

    def send_digits(self, digits: str, *, tone_ms: float = 100, gap_ms: float = 100) -> None:
        """Send keys to the caller: as telephone events (RFC 4733), by SIP INFO where none were
        agreed on.

        :raises KeysNotTaken: the other side takes neither.
        """
        leg = self._media("send digits")
        if self._line.takes_keys == "rtp":
            leg.send_digits(digits, tone_ms=tone_ms, gap_ms=gap_ms)
            return
        unknown = set(digits.upper()) - ALPHABET
        if unknown:
            raise ValueError(f"no key {min(unknown)!r}: 0-9, *, #, A-D and ! are known")
        if self._line.takes_keys is None:
            raise KeysNotTaken
        self.start_soon(partial(self._send_by_line, digits.upper(), tone_ms, gap_ms))

    def _hear_in_band(self, leg: MediaLeg) -> None:
        """Have `leg` listen for tones as it was asked for."""
        if self._in_band != self._hears_in_band:
            self._hears_in_band = self._in_band
            leg.hear_in_band_keys(self._in_band)
            self.journal.write("call.in_band_keys", how=self._in_band)

    def _pressed(self, press: KeyPress) -> None:
        """Take a key that came in, unless another method told of it."""
        if not self._doubles.is_new(self.journal.now, press):
            return
        secret = self._keys.are_secret(anyio.current_time())
        digit = HIDDEN if secret else press.digit
        about = {"duration_ms": press.duration_ms, "method": press.method}
        self.journal.write("call.key", digit=digit, **about)
        self._keys.press(press)
        self.activity.touch(self.journal.now, by_caller=True)

    async def _collect_secretly(self, leg: MediaLeg, collect: Callable[[], Awaitable[str]]) -> str:
        self._typing_secretly += 1
        leg.mask(True)
        try:
            digits = await collect()
        finally:
            self._typing_secretly -= 1
            if not self._typing_secretly:
                leg.mask(False)
        if len(digits) >= SHORTEST_HIDDEN:
            self.journal.hide(digits)
        return digits

    async def _send_by_line(self, digits: str, tone_ms: float, gap_ms: float) -> None:
        for digit in digits:
            try:
                await self._line.send_key(digit, tone_ms)
            except KeysNotTaken as error:
                self.journal.write("call.keys_not_taken", error=str(error))
                return
            await anyio.sleep((tone_ms + gap_ms) / 1000)
