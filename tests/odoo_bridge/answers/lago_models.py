"""The models of Lago's official Python client that read invoices and what belongs to them."""

from importlib import import_module
from typing import Any

_package = "lago_python_client.models"

InvoiceResponse: Any = import_module(f"{_package}.invoice").InvoiceResponse
CreditNoteResponse: Any = import_module(f"{_package}.credit_note").CreditNoteResponse
PaymentResponse: Any = import_module(f"{_package}.payment").PaymentResponse
TaxResponse: Any = import_module(f"{_package}.tax").TaxResponse
PaymentMethodResponse: Any = import_module(f"{_package}.payment_method").PaymentMethodResponse
