"""The table of charge models is complete, and so are the cases taken from Lago."""

import pytest

from catalog.charge_terms import CHARGE_MODEL_OF, ChargeModel
from rating.charge_models import CHARGE_MODELS
from tests.rating.lago_cases import NOT_RATED_YET, Case, lago_cases, why_left_out


def test_every_charge_model_has_its_function() -> None:
    """Each charge model that a plan can name is priced by exactly one function."""
    assert set(ChargeModel) == set(CHARGE_MODELS)
    assert len(set(CHARGE_MODELS.values())) == len(ChargeModel)


def test_every_charge_model_has_its_terms() -> None:
    """Each charge model has one kind of terms, and each kind of terms one model."""
    assert sorted(ChargeModel) == sorted(CHARGE_MODEL_OF.values())


@pytest.mark.parametrize("case", lago_cases("charge_model"))
def test_every_case_of_lago_is_answered_or_left_out_by_name(case: Case) -> None:
    """No case of a charge model is dropped silently: a test answers it, or a reason is given."""
    answered = case["model"] in set(ChargeModel) and not case.get("prorated")

    assert answered != bool(why_left_out(case))


def test_a_model_that_is_rated_is_not_left_out() -> None:
    """The list of what is left out holds no model that is rated."""
    assert not set(ChargeModel) & set(NOT_RATED_YET)
