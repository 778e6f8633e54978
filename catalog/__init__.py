"""The nouns of the business. The door gives nouns and pure functions only; shells by module."""

from catalog.accounts import Account
from catalog.billable_metrics import AggregationType, BillableMetric, RoundingFunction
from catalog.billing_periods import BillingPeriod, billing_period_at, ended_periods
from catalog.charge_terms import ChargeModel, ChargeTerms
from catalog.errors import BillingError
from catalog.money import decimal_text, exact_decimal, rounded_cents
from catalog.plans import Charge, Plan, PlanInterval
from catalog.services import Service
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from catalog.versions import version_in_force

__all__ = [
    "Account",
    "AggregationType",
    "BillableMetric",
    "BillingError",
    "BillingPeriod",
    "BillingTime",
    "Charge",
    "ChargeModel",
    "ChargeTerms",
    "Plan",
    "PlanInterval",
    "RoundingFunction",
    "Service",
    "Subscription",
    "SubscriptionStatus",
    "billing_period_at",
    "decimal_text",
    "ended_periods",
    "exact_decimal",
    "rounded_cents",
    "version_in_force",
]
