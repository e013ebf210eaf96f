"""The 49 torture messages of RFC 4475, by its labels: the twist of each, in words of our own.

What RFC 4475 asks of an element stands beside each message as what our user agent does with it:
the status of its answer, ``NEW_CALL`` for an INVITE that is taken, ``DROPPED`` for a message
that cannot be answered or is a response to nothing, which is dropped.
"""

from dataclasses import dataclass

NEW_CALL = 100
DROPPED = 0


@dataclass(frozen=True)
class Torture:
    """One message, and what becomes of it."""

    label: str
    data: bytes
    outcome: int
    readable: bool = True
    """Whether the message is one that the parser must accept."""


BODY = (
    "v=0\r\no=t 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\n"
)

DEFAULTS = {
    "Via": "SIP/2.0/UDP host.example.com;branch=z9hG4bKtorture",
    "Max-Forwards": "70",
    "To": "<sip:callee@example.com>",
    "From": "<sip:caller@example.net>;tag=7",
    "Call-ID": "torture@192.0.2.7",
    "CSeq": "8 {method}",
    "Contact": "<sip:caller@192.0.2.7>",
}


def message(start: str, *lines: str, body: str = "", without: str = "", **changes: str) -> bytes:
    """A message of ordinary fields, some of them changed or left out, and further lines."""
    method = start.split(" ")[0] if not start.startswith("SIP/") else "INVITE"
    fields = {**DEFAULTS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    kept = {k: v for k, v in fields.items() if k not in without.split()}
    text = [start, *(f"{k}: {v.replace('{method}', method)}" for k, v in kept.items()), *lines]
    if body and not any(line.startswith("Content-Type") for line in lines):
        text.append("Content-Type: application/sdp")
    if not any(line.lower().startswith(("content-length", "l:")) for line in lines):
        text.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(text) + "\r\n\r\n" + body).encode()


def invite(*lines: str, uri: str = "sip:callee@example.com", **changes: str) -> bytes:
    """An INVITE with an offer."""
    changes.setdefault("body", BODY)
    return message(f"INVITE {uri} SIP/2.0", *lines, **changes)


def options(*lines: str, uri: str = "sip:callee@example.com", **changes: str) -> bytes:
    """An OPTIONS."""
    return message(f"OPTIONS {uri} SIP/2.0", *lines, **changes)


def register(*lines: str, **changes: str) -> bytes:
    """A REGISTER."""
    return message("REGISTER sip:example.com SIP/2.0", *lines, **changes)


WILD_SPACE = (
    "INVITE sip:callee@example.com;odd SIP/2.0\r\n"
    "TO :\r\n sip:callee@example.com ;   tag    = 19k\r\n"
    'from   : "A. Caller \\\\\\""       <sip:caller@example.net>\r\n  ;\r\n  tag = 98\r\n'
    "MaX-fOrWaRdS: 0068\r\n"
    "Call-ID: wsinv@192.0.2.7\r\n"
    "Content-Length   : {length}\r\n"
    "cseq: 0009\r\n  INVITE\r\n"
    "Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390old\r\n"
    "s :\r\n"
    "NewFangled:   new\r\n and continued\r\n"
    "Unknown: ;;,,;;,;\r\n"
    "Content-Type: application/sdp\r\n"
    "Route:\r\n <sip:services.example.com;lr;a=b;c>\r\n"
    "v:  SIP  / 2.0  / TCP     far.example.com   ;\r\n  branch  =   z9hG4bKone  ,\r\n"
    " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bKtwo\r\n"
    'm:"Quoted \\"\\"" <sip:caller@example.net> ; new =\r\n      value ;\r\n  flag ; q = 0.33\r\n'
    "\r\n"
)

LONG = "a-long-value-that-goes-on-" * 40

ODD_METHOD = "!Odd-Method0123456789_*+`.%indeed'~"

EVERY_USER_SIGN = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"

VALID = [
    Torture(
        "wsinv",
        WILD_SPACE.replace("{length}", str(len(BODY))).encode() + BODY.encode(),
        481,  # its To has a tag, of no dialog of ours
    ),
    Torture(
        "intmeth",
        message(
            f"{ODD_METHOD} sip:{EVERY_USER_SIGN}:&it+has=1,weird!*pas$wo~d@example.com SIP/2.0",
            f"extensionHeader-!.%*+_`'~: ok \ufeff{chr(0x5927)}{chr(0x505C)}",
            Via="SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~",
            To='"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_un@example.com>',
            From="token1~` token2'+_ <sip:m@example.com>"
            f";fromParam''~+*_!.-%=\"w{chr(0x44B)}\";tag=_t~'",
            Call_ID="intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            CSeq=f"139122385 {ODD_METHOD}",
        ),
        501,
    ),
    Torture("esc01", invite(uri="sip:sips%3Auser%40example.com@example.net"), NEW_CALL),
    Torture("escnull", register(To="<sip:null-%00-null@example.com>"), 405),
    Torture("esc02", message("RE%47IST%45R sip:example.com SIP/2.0"), 501),
    Torture("lwsdisp", options(From="caller<sip:caller@example.com>;tag=323"), 200),
    Torture(
        "longreq",
        invite(
            *(f"Via: SIP/2.0/TCP sip{n}.example.com" for n in range(34)),
            f"UnknownHeaderWith{'Long' * 20}Name: {LONG}",
            To=f'"A name that is long {"x" * 200}" <sip:callee@example.com>',
            From=f"<sip:caller@example.net>;unknown{'Long' * 25}=v{'Long' * 30};tag=12",
            Call_ID=f"longreq.one{'really' * 20}longcallid",
            Contact=f"<sip:amazingly{'very' * 20}longcaller@host.example.net>",
        ),
        NEW_CALL,
    ),
    Torture("dblreq", register() + invite(Call_ID="dblreq.second@192.0.2.7"), 405),
    Torture("semiuri", options(uri="sip:user;par=u%40example.net@example.com"), 200),
    Torture(
        "transports",
        options(
            "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bK2",
            "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK3",
            "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bK4",
        ),
        200,
    ),
    Torture(
        "mpart01",
        message(
            "MESSAGE sip:callee@example.com SIP/2.0",
            "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
            body="--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
            "--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n"
            "\x00\x01\r\n\r\n--7a9cbec02ceef655--\r\n",
        ),
        405,
    ),
    Torture("unreason", message("SIP/2.0 200 = 2**3 * 5**2 \u0441\u0442\u043e"), DROPPED),
    Torture("noreason", message("SIP/2.0 100 "), DROPPED),
]

INVALID = [
    Torture(
        "badinv01",
        invite(Via="SIP/2.0/UDP 192.0.2.15;;,;,,", Contact='"Joe" <sip:joe@example.org>;;;;'),
        400,
        readable=False,
    ),
    Torture("clerr", invite("Content-Length: 9999"), 400, readable=False),
    Torture("ncl", invite("Content-Length: -999"), 400, readable=False),
    Torture(
        "scalar02",
        register(CSeq="36893488147419103232 REGISTER", Max_Forwards="300"),
        400,
        readable=False,
    ),
    Torture(
        "scalarlg",
        message("SIP/2.0 503 Service Unavailable", CSeq="9292394834772304023312 OPTIONS"),
        DROPPED,
        readable=False,
    ),
    Torture("quotbal", invite(To='"Mr. J. User <sip:callee@example.com>'), 400, readable=False),
    Torture("ltgtruri", invite(uri="<sip:callee@example.com>"), 400, readable=False),
    Torture("lwsruri", invite(uri="sip:callee@example.com; lr"), 400, readable=False),
    Torture("lwsstart", invite(uri=" sip:callee@example.com "), 400, readable=False),
    Torture("trws", message("OPTIONS sip:callee@example.com SIP/2.0  "), 400, readable=False),
    Torture(
        "escruri",
        invite(uri="sip:callee@example.com?Route=%3Csip:example.com%3E"),
        400,
        readable=False,
    ),
    # Refusing it is allowed; a call that a wrong time zone cannot harm is taken.
    Torture("baddate", invite("Date: Fri, 01 Jan 2010 16:00:00 EST"), NEW_CALL),
    # The Contact is never read: no registrar is here to read it.
    Torture("regbadct", register(Contact="sip:user@example.com?Route=%3Csip:a.b%3E"), 405),
    Torture(
        "badaspec", options(To='"T. Watson" < sip:t.watson@example.org >'), 400, readable=False
    ),
    Torture(
        "baddn", options(From="Bell, Alexander <sip:bell@example.org>;tag=4"), 400, readable=False
    ),
    Torture(
        "badvers",
        message("OPTIONS sip:callee@example.com SIP/7.0", Via="SIP/7.0/UDP c.example.com"),
        505,
        readable=False,
    ),
    Torture("mismatch01", options(CSeq="8 INVITE"), 400, readable=False),
    Torture(
        "mismatch02",
        message("NEWMETHOD sip:callee@example.com SIP/2.0", CSeq="8 INVITE"),
        400,
        readable=False,
    ),
    Torture("bigcode", message("SIP/2.0 4294967301 better not break"), DROPPED, readable=False),
]

TRANSACTION = [
    Torture("badbranch", options(Via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"), 200),
]

APPLICATION = [
    Torture("insuf", invite(without="Call-ID From To"), 400, readable=False),
    Torture("unkscm", options(uri="nobodyKnowsThisScheme:totallyopaquecontent"), 416),
    Torture("novelsc", options(uri="soap.beep://192.0.2.103:3002"), 416),
    Torture(
        "unksm2",
        register(To="isbn:2983792873", From="<http://www.example.com>;tag=3"),
        405,
    ),
    Torture("bext01", options("Require: nothingSupportsThis, norThis"), 420),
    Torture(
        "invut",
        invite("Content-Type: application/unknownformat", body="<audio/>"),
        415,
    ),
    Torture("regaut01", register("Authorization: NoOneKnowsThisScheme opaque-data=here"), 405),
    Torture("multi01", invite("Call-ID: other", "CSeq: 59 INVITE"), 400, readable=False),
    Torture("mcl01", options("Content-Length: 13", "Content-Length: 5"), 400, readable=False),
    Torture(
        "bcast",
        message("SIP/2.0 200 OK", Via="SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKelse"),
        DROPPED,
    ),
    Torture("zeromf", options(Max_Forwards="0"), 200),  # the callee itself, no proxy
    Torture("cparam01", register(Contact="sip:+19725552222@gw1.example.net;unknown"), 405),
    Torture("cparam02", register(Contact="<sip:+19725552222@gw1.example.net;unknown>"), 405),
    Torture("regescrt", register(Contact="<sip:u@example.com?Route=%3Csip:a.example.com%3E>"), 405),
    Torture("sdp01", invite("Accept: text/nobodyKnowsThis"), 406),
]

OLD = [
    Torture(
        "inv2543",
        invite(
            without="Contact Max-Forwards",
            Via="SIP/2.0/UDP iftgw.example.com",
            From="<sip:+13035551111@ift.client.example.net;user=phone>",
            To="sip:+16505552222@ss1.example.net;user=phone",
        ),
        NEW_CALL,
    ),
]

ALL = [*VALID, *INVALID, *TRANSACTION, *APPLICATION, *OLD]
