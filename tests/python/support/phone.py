"""A telephone on loopback: a socket, and a stream of packets as fast as a test likes."""

import socket
import time

from fourwire import RtpPacket

PATIENCE_S = 10
"""How long a test waits for what must come; nothing is as slow where all is well."""


class Phone:
    """One end of a call."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE_S)
        self.address: tuple[str, int] = self.socket.getsockname()
        self._spoken = 0

    def hear(self) -> RtpPacket:
        """The next packet that the engine sends."""
        return RtpPacket.parse(self.socket.recv(2048))

    def hear_until(self, payload: bytes) -> RtpPacket:
        """The first packet that carries `payload`."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            packet = self.hear()
            if packet.payload == payload:
                return packet
        raise AssertionError("it never came")

    def speak(self, port: int, payload: bytes, payload_type: int = 0, marker: bool = False) -> None:
        packet = RtpPacket(
            payload_type=payload_type,
            sequence=self._spoken,
            timestamp=160 * self._spoken,
            ssrc=5,
            payload=payload,
            marker=marker,
        )
        self._spoken += 1
        self.socket.sendto(packet.write(), ("127.0.0.1", port))
