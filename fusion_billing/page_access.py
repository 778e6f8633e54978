"""Who may see the pages: this machine, or whoever has the password. No password, no strangers."""

import hmac
import ipaddress
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
FORWARDED_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")
REFUSAL = (
    "The pages are open to this machine only. To open them to others set "
    "FUSION_PAGES_PASSWORD, and sign in with any user name and that password."
)
_basic = HTTPBasic(auto_error=False)


def require_page_access(
    request: Request, given: Annotated[HTTPBasicCredentials | None, Depends(_basic)]
) -> None:
    """Let a request through, or refuse with 401 (a password is set) or 403 (none is)."""
    password: str = request.app.state.house.settings.pages_password.get_secret_value()
    if password:
        if given is not None and _same(given.password, password):
            return
        raise HTTPException(401, headers={"WWW-Authenticate": 'Basic realm="Fusion Billing"'})
    if not _is_local(request):
        raise HTTPException(403, REFUSAL)


def _is_local(request: Request) -> bool:
    """Say whether the request came from this machine, not through a proxy or a rebound name."""
    if any(header in request.headers for header in FORWARDED_HEADERS):
        return False
    name = request.headers.get("host", "").rsplit(":", 1)[0] or "localhost"
    host = request.client.host if request.client else ""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    return is_loopback and (name in LOCAL_NAMES)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
