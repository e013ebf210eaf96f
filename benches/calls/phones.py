"""Phones: one socket each, a packet every 20 ms out, and the time of every packet that comes in.

Arrival times are the kernel's (``SO_TIMESTAMPNS``), so that a busy harness does not blame the
system under test.
"""

import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

PACKET_TIME_NS = 20_000_000
PAYLOAD = bytes([0xD0, 0x50] * 80)  # A loud 4 kHz tone: never mistaken for silence.
SILENCE = 0xFF
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@qq")


@dataclass
class Phone:
    """One end of a call as a telephone sees it."""

    number: int
    connection: socket.socket
    remote: tuple[str, int] | None = None
    sequence: int = 0
    due: int = 0
    arrivals: list[int] = field(default_factory=list)
    last_speech: int = 0

    def send(self) -> None:
        """Send the next packet."""
        self.sequence += 1
        head = struct.pack(
            "!BBHII", 0x80, 0, self.sequence & 0xFFFF, self.sequence * 160, 0x10000 + self.number
        )
        if self.remote is not None:
            self.connection.sendto(head + PAYLOAD, self.remote)

    def take(self) -> None:
        """Note every packet that has arrived."""
        while True:
            try:
                packet, extra, _, _ = self.connection.recvmsg(2048, 128)
            except BlockingIOError:
                return
            if packet[1] & 0x7F != 0:
                continue  # The report of a call whose phone has the port below this one.
            seconds, nanos = TIMESPEC.unpack(extra[0][2][:16])
            arrival = seconds * 1_000_000_000 + nanos
            self.arrivals.append(arrival)
            if packet[12:].count(SILENCE) < len(packet) - 12:
                self.last_speech = arrival


class Phones(threading.Thread):
    """All phones, on a thread of their own."""

    def __init__(self, count: int) -> None:
        super().__init__(daemon=True)
        self.phones = [Phone(number, self._socket()) for number in range(count)]
        self._running = True
        self.largest_lag_ns = 0

    @staticmethod
    def _socket() -> socket.socket:
        connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        connection.bind(("127.0.0.1", 0))
        connection.setblocking(False)
        return connection

    @property
    def ports(self) -> list[int]:
        """The port of each phone."""
        return [phone.connection.getsockname()[1] for phone in self.phones]

    def run(self) -> None:
        """Send and receive until stopped."""
        poller = select.epoll()
        by_fd = {phone.connection.fileno(): phone for phone in self.phones}
        for fd in by_fd:
            poller.register(fd, select.EPOLLIN)
        start = time.monotonic_ns()
        for place, phone in enumerate(self.phones):
            phone.due = start + place * PACKET_TIME_NS // len(self.phones)
        while self._running:
            now = time.monotonic_ns()
            for phone in self.phones:
                if phone.due <= now:
                    self.largest_lag_ns = max(self.largest_lag_ns, now - phone.due)
                    phone.due += PACKET_TIME_NS
                    phone.send()
            for fd, _ in poller.poll(0.004):
                by_fd[fd].take()

    def stop(self) -> None:
        """Stop, and close all sockets."""
        self._running = False
        self.join()
        for phone in self.phones:
            phone.connection.close()

    def forget(self) -> None:
        """Begin to measure anew."""
        self.largest_lag_ns = 0
        for phone in self.phones:
            phone.arrivals = []
