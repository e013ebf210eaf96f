"""What a gateway wants of SRTP."""

from typing import Annotated, Literal

import msgspec

from fourwire import sdp
from fourwire.problems import IllegalSetting

__all__ = ["SrtpSettings"]


class SrtpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls are under SRTP, by keys in their descriptions (SDES, RFC 4568; `[srtp]`)."""

    policy: Literal["off", "optional", "required"] = "optional"
    """`off` takes calls in the clear alone, `required` only those with SRTP; `optional` takes both,
    and prefers SRTP."""
    suites: Annotated[tuple[sdp.Suite, ...], msgspec.Meta(min_length=1)] = sdp.SUITES
    """Suites we take; our own offers name them in this order."""
    over_tls_only: bool = False
    """Whether keys that came by UDP or TCP, where everybody on the way can read them, are as good
    as none. Without it they are used, and `call.offered` tells of them."""

    def __post_init__(self) -> None:
        if twice := next((name for name in self.suites if self.suites.count(name) > 1), None):
            raise IllegalSetting("suites", f"names {twice} twice")

    def of_call(self, transport: str) -> sdp.Srtp | None:
        """What a new call wants of SRTP that is signalled by `transport`, with keys of its own."""
        if self.policy == "off":
            return None
        legible = self.over_tls_only and transport != "tls"
        suites = () if legible else self.suites
        return sdp.Srtp.fresh(required=self.policy == "required", suites=suites)
