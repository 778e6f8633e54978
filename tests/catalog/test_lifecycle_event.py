"""What events keep of a customer once the account is erased."""

from typing import Any

import pytest

from catalog.lifecycle_event import without_person

GRACE = {"external_id": "acme", "lago_id": "id-1", "name": "Grace Acme", "email": "g@example.com"}
BLANK = {"external_id": "acme", "lago_id": "id-1", "name": None, "email": None}
OTHER = {"external_id": "bolt", "lago_id": "id-2", "name": "Bolt"}


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"customer": GRACE}, {"customer": BLANK}),
        ({"subscription": {"name": "x", "customer": GRACE}},
         {"subscription": {"name": "x", "customer": BLANK}}),
        ({"invoices": [{"customer": GRACE}, {"customer": OTHER}]},
         {"invoices": [{"customer": BLANK}, {"customer": OTHER}]}),
        ({"customer": OTHER, "total": "1.50"}, {"customer": OTHER, "total": "1.50"}),
        ({"customer": None, "list": [1, None]}, {"customer": None, "list": [1, None]}),
    ],
    ids=["top", "nested", "listed", "another", "none"],
)  # fmt: skip
def test_only_the_erased_customer_is_blank(body: Any, kept: Any) -> None:  # noqa: ANN401 - any JSON
    """Wherever a customer of the account stands, its ids stay and nothing else does."""
    assert without_person(body, {"acme"}) == kept
