"""Errors that callers can tell apart."""


class NotFound(LookupError):
    def __init__(self, what: str, key: int) -> None:
        super().__init__(f"no {what} {key}")
