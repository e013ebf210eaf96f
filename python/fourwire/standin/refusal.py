"""An error that the server answers with, in the shape of the protocol."""

__all__ = ["Refused"]


class Refused(Exception):
    """A client event was not obeyed; the words are for the client."""

    def __init__(
        self,
        message: str,
        param: str | None = None,
        *,
        code: str | None = "invalid_value",
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.kind = kind

    def event(self, event_id: str | None = None) -> dict[str, object]:
        """The `error` event; `event_id` is the client event's own, where it had one."""
        return {
            "type": "error",
            "error": {
                "type": self.kind,
                "code": self.code,
                "message": self.message,
                "param": self.param,
                "event_id": event_id,
            },
        }
