"""A real Chromium and a served house: what the browser tests share."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from tests.real_parts import CHROMIUM, require

STARTED_SECONDS_MAX = 30
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Watched:
    """What a page did that it should not have done."""

    host: str
    faults: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Note every console error, failed request, error status and request elsewhere."""
        page.on("console", lambda said: self._note(said.type == "error", "console", said.text))
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("requestfailed", lambda request: self.faults.append(f"failed: {request.url}"))
        page.on("request", lambda asked: self._note(self._is_elsewhere(asked.url), "to", asked.url))
        page.on("response", lambda got: self._note(got.status >= 400, str(got.status), got.url))

    def _note(self, is_fault: bool, kind: str, words: str) -> None:  # noqa: FBT001 - one caller
        if is_fault:
            self.faults.append(f"{kind}: {words}")

    def _is_elsewhere(self, url: str) -> bool:
        return urlsplit(url).netloc != self.host


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Give a Chromium that asks nobody anything by itself."""
    program = require(CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of this machine; give its address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    give_up_at = time.monotonic() + STARTED_SECONDS_MAX
    while not server.started and time.monotonic() < give_up_at:
        time.sleep(0.02)
    assert server.started
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STARTED_SECONDS_MAX)
        listening.close()


def opened(
    browser: Browser,
    address: str,
    *,
    is_dark: bool = False,
    width: int = 1440,
    scripts: bool = True,
) -> tuple[Page, Watched]:
    """Return a new page that is watched, in a window of some width."""
    page = browser.new_page(
        color_scheme="dark" if is_dark else "light",
        viewport={"width": width, "height": 900},
        java_script_enabled=scripts,
    )
    watched = Watched(urlsplit(address).netloc)
    watched.watch(page)
    return page, watched
