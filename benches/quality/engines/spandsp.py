"""The concealment of spandsp, which Asterisk, FreeSWITCH, baresip and GStreamer use."""

import ctypes
import ctypes.util

import numpy as np

from benches.quality.engines.buffers import Fixed
from benches.quality.engines.engine import TICK, Unavailable


class Spandsp(Fixed):
    """A fixed delay, and `plc_rx` and `plc_fillin` of libspandsp."""

    def __init__(self) -> None:
        super().__init__()
        name = ctypes.util.find_library("spandsp")
        if name is None:
            raise Unavailable("libspandsp2 is not installed")
        self._library = ctypes.CDLL(name)
        self._library.plc_init.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(self._library.plc_init(None))

    def go_on(self, pcm: np.ndarray) -> np.ndarray:
        room = pcm.copy()
        self._library.plc_rx(self._state, room.ctypes.data_as(ctypes.c_void_p), len(room))
        return room

    def conceal(self) -> np.ndarray:
        room = np.zeros(TICK, "<i2")
        self._library.plc_fillin(self._state, room.ctypes.data_as(ctypes.c_void_p), TICK)
        return room
