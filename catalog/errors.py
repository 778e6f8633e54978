"""Every refusal of the product, as one tree; each class carries Lago's status and code.

BillingError
├── BadRequest            400  the body is not JSON, or its root key is missing
├── Unauthorized          401  no key, unknown key, expired or revoked key
├── Forbidden             403  the key may not do this
├── NotFound              404  <resource>_not_found; a foreign id too
├── MethodNotAllowed      405  a business state refuses (no_active_subscription)
├── RequestTimeout        408  the body took too long to come
├── BodyTooLarge          413  more bytes than the limit
├── UnsupportedMedia      415  a content type or encoding nobody reads here
├── ValidationFailed      422  fields with Lago's codes, validation_errors
└── TemporarilyUnavailable 503  nothing was kept; the same call may be repeated
"""

from collections.abc import Mapping
from typing import TypeAlias

NOT_SUPPORTED_YET = "not_supported_yet"

Details: TypeAlias = Mapping[str, "list[str] | str | Details"]


class BillingError(Exception):
    """The root of every refusal; `body` is Lago's JSON error envelope."""

    status = 500
    error = "Internal Server Error"

    def __init__(self, code: str = "", details: Details | None = None) -> None:
        super().__init__(code or self.error)
        self.code = code
        self.details = details

    @property
    def body(self) -> dict[str, object]:
        """Return the envelope: status, error, and code and error_details where given."""
        envelope: dict[str, object] = {"status": self.status, "error": self.error}
        if self.code:
            envelope["code"] = self.code
        if self.details is not None:
            envelope["error_details"] = self.details
        return envelope


class BadRequest(BillingError):
    """The request can't be read at all."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__()
        self.error = f"BadRequest: {message}"


class Unauthorized(BillingError):
    """The bearer key is missing, unknown, expired or revoked."""

    status = 401
    error = "Unauthorized"


class Forbidden(BillingError):
    """The key is good but may not do this."""

    status = 403
    error = "Forbidden"


class NotFound(BillingError):
    """The resource does not exist, or belongs to another service."""

    status = 404
    error = "Not Found"

    def __init__(self, resource: str) -> None:
        super().__init__(code=f"{resource}_not_found")


class MethodNotAllowed(BillingError):
    """The state of the resource refuses the call."""

    status = 405
    error = "Method Not Allowed"


class RequestTimeout(BillingError):
    """The body took longer to come than a request may."""

    status = 408
    error = "Request Timeout"

    def __init__(self, seconds_max: int) -> None:
        super().__init__("request_too_slow", {"body": [f"not whole within {seconds_max} seconds"]})


class UnsupportedMedia(BillingError):
    """The content type or encoding can't be read here."""

    status = 415
    error = "Unsupported Media Type"


class BodyTooLarge(BillingError):
    """The body has more bytes than this route takes."""

    status = 413
    error = "Content Too Large"

    def __init__(self, bytes_max: int) -> None:
        super().__init__("body_too_large", {"body": [f"more than {bytes_max} bytes"]})


class BodyTooCrowded(BodyTooLarge):
    """The body has more values than may be read while others wait."""

    def __init__(self, values_max: int) -> None:
        BillingError.__init__(
            self, "body_too_large", {"body": [f"more than {values_max} values: split it"]}
        )


class ValidationFailed(BillingError):
    """One or more fields are wrong; all of them are reported at once."""

    status = 422
    error = "Unprocessable Entity"

    def __init__(self, details: Details) -> None:
        super().__init__("validation_errors", details)


class TemporarilyUnavailable(BillingError):
    """Nothing was kept; the same call may be repeated later."""

    status = 503
    error = "Service Unavailable"
