#!/usr/bin/env python3
"""Runs LiteLLM's proxy in front of an OpenAI-compatible server, for the peers tests.

Usage: serve.py DIR BASE_URL     DIR is where install-litellm.sh put it

Prints the port on standard output once the proxy answers. Ends when standard input closes, so that
the proxy never outlives the test that started it.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

KEY = "sk-peers"
CONFIG = """
model_list:
  - model_name: smol
    litellm_params: {{model: hosted_vllm/smol, api_base: {url}/v1, api_key: none}}
  - model_name: smol-text
    litellm_params: {{model: text-completion-openai/smol, api_base: {url}/v1, api_key: none}}
general_settings: {{master_key: {key}}}
litellm_settings: {{telemetry: false}}
"""


def is_ready(port: int) -> bool:
    try:
        address = f"http://127.0.0.1:{port}/health/liveliness"
        return urllib.request.urlopen(address, timeout=2).status == 200
    except OSError:
        return False


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    directory, url = sys.argv[1:]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "config.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(url=url, key=KEY))
        proxy = subprocess.Popen(
            [
                os.path.join(directory, "venv/bin/litellm"),
                *("--config", config, "--host", "127.0.0.1", "--port", str(port)),
            ],
            # The price list that came with the package, instead of a download.
            env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not is_ready(port):
                if proxy.poll() is not None:
                    print("serve.py: the proxy ended by itself", file=sys.stderr)
                    return 1
                time.sleep(0.2)
            print(port, flush=True)
            while sys.stdin.buffer.read(4096):
                pass
        finally:
            proxy.terminate()
            proxy.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
