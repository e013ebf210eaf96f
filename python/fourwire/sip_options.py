"""What a gateway may be told of how it speaks SIP."""

from typing import Annotated, Any, Literal

import msgspec

from fourwire.problems import IllegalSetting

__all__ = ["SipOptions"]


class SipOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How SIP is spoken (`[sip]`)."""

    session_expires_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 1800
    """Seconds that a call lasts which neither side refreshes (RFC 4028), from 90 on; 0: no timer
    of ours, though a caller who asks for one gets it."""
    min_se_s: Annotated[int, msgspec.Meta(ge=90, le=86_400)] = 90
    """The shortest such time that we take (Min-SE)."""
    provisionals: Literal["plain", "reliable", "required"] = "reliable"
    """Whether provisional responses are acknowledged (100rel, RFC 3262): `reliable` where the other
    side knows that, `plain` never, `required` always, so that a call without is refused."""
    large_requests: Literal["tcp", "udp"] = "tcp"
    """How requests above 1300 bytes go that would go by UDP (RFC 3261 §18.1.1): by TCP where we
    listen for it and the other side takes it, or by UDP all the same."""

    def __post_init__(self) -> None:
        if 0 < self.session_expires_s < self.min_se_s:
            why = f"must be 0, or at least min_se_s, which is {self.min_se_s}"
            raise IllegalSetting("session_expires_s", why)

    def told(self) -> dict[str, Any]:
        """The same as the SIP endpoint takes it."""
        return msgspec.structs.asdict(self)
