"""The IPv6 torture messages of RFC 5118, by its labels: the twist of each, in words of our own."""

from support.sip_torture import NEW_CALL, Torture, invite, message, options

PEER = "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKv6"

HOME = "sip:[2001:db8::10]"


def sdp(origin: str, *lines: str) -> str:
    """A description whose `c=` and `m=` lines are `lines`."""
    return "\r\n".join(["v=0", f"o=t 1 1 IN {origin}", "s=-", "t=0 0", *lines, ""])


def register(uri: str) -> bytes:
    return message(f"REGISTER {uri} SIP/2.0", Via=PEER, Contact="<sip:caller@[2001:db8::1]>")


def bye(*lines: str, via: str) -> bytes:
    return message(f"BYE {HOME} SIP/2.0", *lines, Via=via, To="<sip:callee@example.com>;tag=9")


GOOD = [
    Torture("ipv6-good", register(HOME), 405),
    # All within the brackets is the address, whatever its author may have meant by the last part.
    Torture("port-ambiguous", register("sip:[2001:db8::10:5070]"), 405),
    Torture("port-unambiguous", register(f"{HOME}:5070"), 405),
    Torture("via-received-param-with-delim", bye(via=f"{PEER};received=[2001:db8::9:255]"), 481),
    Torture(
        "via-received-param-no-delim",
        options(uri=HOME, Via=f"{PEER};received=2001:db8::9:255"),
        200,
    ),
    Torture(
        "ipv6-in-sdp",
        invite(
            uri="sip:callee@[2001:db8::10]",
            Via=PEER,
            Contact="<sip:caller@[2001:db8::20]>",
            body=sdp("IP6 2001:db8::20", "c=IN IP6 2001:db8::20", "m=audio 4000 RTP/AVP 0"),
        ),
        NEW_CALL,
    ),
    Torture(
        "mult-ip-in-header",
        bye(
            "Via: SIP/2.0/UDP 192.0.2.1;received=198.51.100.11;branch=z9hG4bKv4",
            "Via: SIP/2.0/TCP [2001:db8::9:2]:5071;branch=z9hG4bKtcp",
            via="SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKv6",
        ),
        481,
    ),
    Torture(
        "mult-ip-in-sdp",
        invite(
            uri="sip:callee@[2001:db8::10]",
            Via=PEER,
            body=sdp(
                "IP4 192.0.2.7",
                "m=audio 4000 RTP/AVP 0",
                "c=IN IP4 192.0.2.7",
                "m=video 5000 RTP/AVP 31",
                "c=IN IP6 2001:db8::1",
            ),
        ),
        NEW_CALL,
    ),
    Torture(
        "ipv4-mapped-ipv6",
        invite(
            Via="SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKmapped",
            Contact='"T. desk phone" <sip:caller@[::ffff:192.0.2.2]>',
            body=sdp("IP6 ::ffff:192.0.2.2", "c=IN IP6 ::ffff:192.0.2.2", "m=audio 4000 RTP/AVP 0"),
        ),
        NEW_CALL,
    ),
    Torture("ipv6-correct-abnf-2-colons", options(uri="sip:callee@[2001:db8::192.0.2.1]"), 200),
    # RFC 3261's grammar wrote it so by mistake; both have to be taken.
    Torture("ipv6-bug-abnf-3-colons", options(uri="sip:callee@[2001:db8:::192.0.2.1]"), 200),
]

BAD = [
    Torture("ipv6-bad", register("sip:2001:db8::10"), 400, readable=False),
]

ALL = [*GOOD, *BAD]
