"""One service, one customer, one metric: the same figures, narrowed, with what explains them."""

from collections.abc import Sequence
from dataclasses import replace

from dashboards.reports.asked import Asked
from dashboards.reports.basis_words import lead_words, metric_words
from dashboards.reports.cells import margin_cells, margin_columns, named
from dashboards.reports.customers import customer_table
from dashboards.reports.headlines import headline_tiles
from dashboards.reports.loss_words import advice, cause_sentence
from dashboards.reports.month_chart import month_table, months_shown
from dashboards.reports.notices import no_figures, notices_of
from dashboards.reports.provider_table import provider_table
from dashboards.reports.report import (
    Cell,
    Column,
    Report,
    Row,
    Stories,
    Story,
    Table,
)
from dashboards.reports.unit_tables import metric_table, month_units
from dashboards.scope import ScopeFault

CUSTOMERS_SHOWN_MAX = 20


def one_service(asked: Asked) -> Report:
    """Return one service: its months, metrics, plans, providers and customers."""
    service = _needed(asked.filters.scope.service, "service")
    words, name = asked.words, asked.names().service(service)
    report = Report(
        "service", name, _lead(asked), crumbs=[(words.say("Gross margin"), asked.page("/margin"))]
    )
    empty = no_figures(asked)
    if empty is not None:
        return replace(report, empty=empty)
    title = words.say("Revenue and COGS by month")
    return replace(
        report,
        tiles=headline_tiles(asked),
        notices=notices_of(asked),
        tables=[
            month_table(asked, title=title),
            metric_table(asked, title=words.say("Unit economics")),
            _plans(asked),
            provider_table(asked, title=words.say("COGS by provider")),
            customer_table(asked, CUSTOMERS_SHOWN_MAX),
        ],
    )


def one_customer(asked: Asked) -> Report:
    """Return one customer of one service, and in one sentence why it loses money if it does."""
    service = _needed(asked.filters.scope.service, "service")
    account = _needed(asked.filters.scope.account, "account")
    words, names = asked.words, asked.names([account])
    title = names.account(service, account) or account
    crumbs = [
        (words.say("Customers"), asked.page("/margin/customers", account=None, service=None)),
        (names.service(service), asked.page("/margin/service", account=None)),
    ]
    report = Report("customer", title, _lead(asked), crumbs=crumbs)
    empty = no_figures(asked)
    if empty is not None:
        return replace(report, empty=empty)
    return replace(
        report,
        tiles=headline_tiles(asked, counts_customers=False),
        stories=_own_loss(asked, service, account),
        notices=notices_of(asked),
        tables=[
            replace(
                month_table(asked, title=words.say("Revenue and COGS by month")),
                more_link=asked.links.margin(asked.scope(asked.window.months, service=None)),
                more_words=words.say("Accounts called {account} in all services", account=account),
            ),
            metric_table(asked, title=words.say("Unit economics")),
            _plans(asked),
            provider_table(asked, title=words.say("COGS by provider")),
        ],
    )


def metrics(asked: Asked) -> Report:
    """Return the unit economics of every metric."""
    words = asked.words
    report = Report("metrics", words.say("Unit economics"), _lead(asked))
    empty = no_figures(asked)
    if empty is not None:
        return replace(report, empty=empty)
    table = metric_table(asked, title=words.say("What a unit brings and costs"))
    return replace(report, notices=notices_of(asked), tables=[table])


def one_metric(asked: Asked) -> Report:
    """Return one metric of one service, month by month, and its customers."""
    service = _needed(asked.filters.scope.service, "service")
    metric = _needed(asked.filters.metric, "metric")
    words = asked.words
    crumbs = [
        (words.say("Unit economics"), asked.page("/margin/metrics", metric=None, service=None)),
        (asked.names().service(service), asked.page("/margin/service", metric=None)),
    ]
    report = Report("metric", metric_words(metric, words), _lead(asked), crumbs=crumbs)
    empty = no_figures(asked)
    if empty is not None:
        return replace(report, empty=empty)
    months = months_shown(asked.cube.months)
    return replace(
        report,
        tiles=headline_tiles(asked),
        tables=[
            metric_table(asked, title=words.say("Unit economics")),
            month_units(asked, months, title=words.say("Month by month")),
            customer_table(asked, CUSTOMERS_SHOWN_MAX),
        ],
    )


def _lead(asked: Asked) -> str:
    return lead_words(asked.window.months, asked.filters.basis, asked.words)


def _own_loss(asked: Asked, service: str, account: str) -> Stories | None:
    """Return why this customer loses money, measured against all customers of its service."""
    words, window = asked.words, asked.window
    peers = replace(asked.filters, scope=replace(asked.filters.scope, account=None))
    every = replace(asked, filters=peers)
    own = [loss for loss in every.losses() if (loss.service, loss.account_id) == (service, account)]
    if not own:
        return None
    (loss,) = own
    amount = words.money(loss.margin.gross_profit)
    story = Story(
        words.say("It costs more than it brings"), "", amount, cause_sentence(loss, words),
        asked.links.cogs(asked.scope(window.months)), advice(loss, words),
    )  # fmt: skip
    return Stories(words.say("Why it loses money"), "", [story])


def _plans(asked: Asked) -> Table:
    words, window = asked.words, asked.window
    found = asked.margins("plan_code", months=window.months)
    rows: Sequence[Row] = [
        Row([Cell(plan or words.say("No single plan")),
             *margin_cells(margin, asked.links, asked.scope(window.months), words,
                           **named("plan", plan))])
        for (plan,), margin in found.items()
    ]  # fmt: skip
    return Table(
        key="plans",
        title=words.say("By plan"),
        caption=words.say(
            "COGS goes to its account's plan where the account has one plan that month. In CAD."
        ),
        columns=[Column("plan", words.say("Plan")), *margin_columns(words)],
        rows=rows,
    )


def _needed(value: str | None, name: str) -> str:
    if value is None:
        raise ScopeFault(f"{name} is needed here: follow a link of the customers or services page")
    return value
