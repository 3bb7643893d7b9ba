"""Entry for a real CPython: the job comes on standard input, frames go to standard output behind a word only we know."""

import json
import os
import sys


def read_line():
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            os._exit(0)
        line += byte
    return line.decode().strip()


def read_exactly(count):
    data = b""
    while len(data) < count:
        chunk = os.read(0, count - len(data))
        if not chunk:
            os._exit(0)
        data += chunk
    return data


def make_sender(mark, write=os.write, dumps=json.dumps):
    def send(frame):
        data = f"\n{mark} {dumps(frame, ensure_ascii=True)}\n".encode()
        while data:
            data = data[write(1, data) :]

    return send


def main(leave=os._exit):
    send = make_sender(read_line())
    from .driver import run_job

    send({"kind": "ready"})
    job = json.loads(read_exactly(int(read_line())))
    code = run_job(job, send, os.getcwd())
    if job["task"]["kind"] == "program":
        sys.exit(code)  # waits for the program's threads and runs what it registered for its end
    send({"kind": "done"})
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    leave(0)


main()
