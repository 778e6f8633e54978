"""Explanations of rated lines over HTTP: as JSON, as a signed file, and the key that signs."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from catalog.errors import NotFound
from catalog.http import CallerService, Json, PageOf, StateOf, at_once
from rating.explaining.explanation import explained_line, page_of_rows
from rating.explaining.shapes import explanation_shape
from rating.explaining.signed_csv import public_key, signed_csv
from storage.lake import Lake

router = APIRouter(prefix="/rated_lines", tags=["rated lines"])


def lake_of(request: Request) -> Lake:
    """Return the lake of the running app."""
    return cast(Lake, request.app.state.lake)


def secret_of(request: Request) -> bytes:
    """Return the secret of the running app, which the signing key is made of."""
    return cast(bytes, request.app.state.pepper)


LakeOf = Annotated[Lake, Depends(at_once(lake_of))]
SecretOf = Annotated[bytes, Depends(at_once(secret_of))]


@router.get("/public_key")
def show_public_key(secret: SecretOf) -> Json:
    """Show the key that signed explanations verify with; everybody may see it."""
    return Json({"public_key": {"algorithm": "ed25519", "hex": public_key(secret)}})


@router.get("/{line_id}/explanation")
def show_explanation(
    line_id: str, service: CallerService, state: StateOf, lake: LakeOf, page: PageOf
) -> Json:
    """Show what a line was computed from; the usage counted comes page by page, in time order."""
    explained = explained_line(state, lake, service, line_id)
    if explained is None:
        raise NotFound("rated_line")
    rows, total = page_of_rows(lake, service, explained, page.offset, page.size)
    return Json({"rated_line": explanation_shape(explained, rows, page.meta(total))})


@router.get("/{line_id}/explanation.csv")
def signed_explanation(
    line_id: str, service: CallerService, state: StateOf, lake: LakeOf, secret: SecretOf
) -> Response:
    """Answer all of it as a CSV with a SHA-256 and an Ed25519 signature at its end."""
    explained = explained_line(state, lake, service, line_id)
    if explained is None:
        raise NotFound("rated_line")
    rows, _ = page_of_rows(lake, service, explained)
    return StreamingResponse(
        signed_csv(explained, rows, secret),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="rated_line.csv"'},
    )
