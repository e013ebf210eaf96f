"""PJSIP as a telephone, in a process of its own: it calls, plays a file, and records what it hears.

    python pjsip_phone.py URI SPEECH HEARD SECONDS [--srtp] [--tcp] [--codec NAME] [--digits 12#]
        [--hold-at SECONDS] [--user NAME --password WORD]

It prints one JSON object: how the call went, and what PJSIP counted of it.
"""

import argparse
import json
import sys
import time
from typing import Any

import pjsua2 as pj

HOLD_SECONDS = 1.0


class Call(pj.Call):  # type: ignore[misc]
    """The call: speech and recorder are joined to its audio as soon as there is some."""

    def __init__(self, account: Any, player: Any, recorder: Any) -> None:
        super().__init__(account)
        self.player, self.recorder = player, recorder
        self.states: list[str] = []
        self.status = 0
        self.media_changes = 0

    def onCallState(self, parameter: Any) -> None:
        info = self.getInfo()
        self.states.append(info.stateText)
        self.status = info.lastStatusCode

    def onCallMediaState(self, parameter: Any) -> None:
        self.media_changes += 1
        info = self.getInfo()
        for number, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and self.getMedia(number) is not None:
                audio = self.getAudioMedia(number)
                self.player.startTransmit(audio)
                audio.startTransmit(self.recorder)

    def is_over(self) -> bool:
        return "DISCONNECTED" in self.states


def main() -> None:
    told = _arguments()
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 4 if told.log else 0
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    kind = pj.PJSIP_TRANSPORT_TCP if told.tcp else pj.PJSIP_TRANSPORT_UDP
    endpoint.transportCreate(kind, transport)
    endpoint.libStart()
    for codec in endpoint.codecEnum2():
        wanted = told.codec.upper() in codec.codecId.upper()
        endpoint.codecSetPriority(codec.codecId, 255 if wanted else 0)
    print(json.dumps(_talk(endpoint, told)))
    sys.stdout.flush()
    endpoint.libDestroy()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("uri")
    parser.add_argument("speech")
    parser.add_argument("heard")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--srtp", action="store_true")
    parser.add_argument("--tcp", action="store_true")
    parser.add_argument("--codec", default="PCMU")
    parser.add_argument("--digits", default="")
    parser.add_argument("--hold-at", type=float, default=0.0)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--log", action="store_true")
    return parser.parse_args()


def _talk(endpoint: Any, told: argparse.Namespace) -> dict[str, Any]:
    account = _account(told)
    player = pj.AudioMediaPlayer()
    player.createPlayer(told.speech, pj.PJMEDIA_FILE_NO_LOOP)
    recorder = pj.AudioMediaRecorder()
    recorder.createRecorder(told.heard)
    call = Call(account, player, recorder)
    call.makeCall(told.uri, pj.CallOpParam(True))
    _converse(endpoint, call, told)
    dump = "" if call.is_over() else call.dump(True, " ")
    if not call.is_over():
        call.hangup(pj.CallOpParam())
    _pump(endpoint, 2.0, call.is_over)
    return {"states": call.states, "status": call.status, "dump": dump}


def _account(told: argparse.Namespace) -> Any:
    config = pj.AccountConfig()
    config.idUri = f"sip:{told.user or 'pjsip'}@127.0.0.1"
    config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    if told.srtp:
        config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
        config.mediaConfig.srtpSecureSignaling = 0
    if told.user:
        login = pj.AuthCredInfo("digest", "*", told.user, 0, told.password)
        config.sipConfig.authCreds.append(login)
    account = pj.Account()
    account.create(config)
    return account


def _converse(endpoint: Any, call: Call, told: argparse.Namespace) -> None:
    _pump(endpoint, 10.0, lambda: "CONFIRMED" in call.states or call.is_over())
    if call.is_over():
        return
    if told.digits:
        call.dialDtmf(told.digits)
    if told.hold_at:
        _pump(endpoint, told.hold_at, call.is_over)
        call.setHold(pj.CallOpParam())
        _pump(endpoint, HOLD_SECONDS, call.is_over)
        again = pj.CallOpParam(True)
        again.opt.flag = pj.PJSUA_CALL_UNHOLD
        call.reinvite(again)
    _pump(endpoint, told.seconds, call.is_over)


def _pump(endpoint: Any, seconds: float, done: Any) -> None:
    """Let PJSIP work until `done`, but no longer."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not done():
        endpoint.libHandleEvents(10)


if __name__ == "__main__":
    main()
