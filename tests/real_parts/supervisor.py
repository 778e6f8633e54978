"""A small program that runs a server and ends it when its starter ends, whatever the reason.

The starter holds the other end of this program's standard input. When it closes it, on purpose
or by dying, the server is stopped and its folder removed. It imports nothing of this package.
"""

import argparse
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading

STOP_SECONDS_MAX = 20


def main() -> int:
    """Run the server until it ends by itself or the starter lets go."""
    given = _arguments()
    server = _started(given.account, given.command)
    let_go = threading.Event()
    watch = (server, signal.Signals[given.signal], let_go)
    threading.Thread(target=_stop_when_let_go, args=watch, daemon=True).start()
    status = server.wait()
    if let_go.is_set():
        shutil.rmtree(given.folder, ignore_errors=True)
    return status


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True, help="removed after a stop")
    parser.add_argument("--signal", required=True, help="stops the server, such as SIGTERM")
    parser.add_argument("--account", help="OS user of the server")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def _started(account: str | None, command: list[str]) -> subprocess.Popen[bytes]:
    group = pwd.getpwnam(account).pw_gid if account else None
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        user=account,
        group=group,
        extra_groups=[] if account else None,
    )


def _stop_when_let_go(
    server: subprocess.Popen[bytes], stop: signal.Signals, let_go: threading.Event
) -> None:
    os.read(sys.stdin.fileno(), 1)
    let_go.set()
    server.send_signal(stop)
    try:
        server.wait(timeout=STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    raise SystemExit(main())
