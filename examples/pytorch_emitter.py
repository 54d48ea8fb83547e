"""Reports what PyTorch's allocator holds on a GPU to a running `hmn serve` or `hmn record --listen PORT`.

    from pytorch_emitter import report
    report("http://127.0.0.1:9700")        # once per step

Port 9700 is where `hmn serve` listens unless it was told otherwise. A server that asks for a token finds it in the
environment: HMN_TOKEN is sent as `Authorization: Bearer ...`.

Standard library only. It does nothing where torch was not imported or CUDA is not in use, and never raises: a training
loop goes on as if nothing had happened. It waits TIMEOUT_S at most for each of connecting, sending and the answer;
after a failure it does not try again for PAUSE_S, so that a server that hangs costs next to nothing.
"""

import http.client
import json
import os
import sys
import time
import urllib.parse

TIMEOUT_S = 0.25
PAUSE_S = 5.0

_paused_until = 0.0


def report(url, step=None, device=None):
    """Sends one report. True: it was taken. `device` is an index, the current one by default."""
    global _paused_until
    try:
        if time.monotonic() < _paused_until:
            return False
        numbers = held(device)
        return numbers is not None and _post(url, dict(numbers, pid=os.getpid(), step=step))
    except Exception:
        _paused_until = time.monotonic() + PAUSE_S
        return False


def held(device=None):
    """What the allocator holds, in bytes; None without torch, or before CUDA is in use."""
    # A program that has not imported torch holds nothing; importing it here would take seconds.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    index = torch.cuda.current_device() if device is None else device
    return {
        "allocated_bytes": torch.cuda.memory_allocated(index),
        "reserved_bytes": torch.cuda.memory_reserved(index),
        "peak_bytes": torch.cuda.max_memory_allocated(index),
        "device": index,
    }


def _post(url, body):
    parts = urllib.parse.urlsplit(url)
    is_secure = parts.scheme == "https"
    make = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
    # Neither proxies nor redirects: the report and the token go where they were meant to go.
    connection = make(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        path = parts.path.rstrip("/") + "/v1/telemetry"
        headers = {"content-type": "application/json"}
        token = os.environ.get("HMN_TOKEN")
        if token:
            headers["authorization"] = "Bearer " + token
        connection.request("POST", path, json.dumps(body), headers)
        return connection.getresponse().status == 204
    finally:
        connection.close()
