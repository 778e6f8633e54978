"""Which tests hold each row of docs/lago_differences.md: by section, then by the first cell.

Each test named fails where our answer becomes Lago's. Rows of operations that are not offered are
written from one table, of which one test asks every operation.
"""

from collections.abc import Mapping
from typing import TypeAlias

from tests.house.markdown import table_rows
from tests.lago_clients.pages import not_offered_table

Proofs: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]


def of(path: str, *tests: str) -> tuple[str, ...]:
    """Return the full names of some tests of one file below tests/."""
    return tuple(f"tests/{path}::{test}" for test in tests)


CHARGE_MODELS = {
    "graduated percentage, bounds that touch (0 to 10, 10 on)": of(
        "rating/charge_models/test_graduated_percentage.py",
        "test_touching_bounds_count_no_unit_twice",
    ),
    "ladders that touch at some bounds and step at others": (
        *of("catalog/test_charge_routes.py", "test_faulty_properties_have_lagos_codes"),
        *of(
            "catalog/test_charge_option_routes.py",
            "test_a_faulty_percentage_ladder_has_lagos_codes",
        ),
    ),
    "prorated graduated, units taken back through a tier's bound": of(
        "rating/charge_models/test_prorated_graduated.py",
        "test_a_fall_through_two_bounds_is_priced_tier_by_tier",
        "test_price_is_that_of_each_unit_at_its_level",
    ),
    "prorated values": of("aggregation/test_weighing.py", "test_a_prorated_value_has_sixty_digits"),
    "percentage, both free limits on a count or unique count": of(
        "rating/charge_models/test_percentage.py",
        "test_both_free_limits_hold_however_many_events_are_counted",
    ),
    "percentage, `free_units_per_events` alone, refunds": of(
        "rating/charge_models/test_percentage.py", "test_refunds_take_no_free_event_away"
    ),
    "package": of(
        "rating/charge_models/test_package.py", "test_the_division_is_exact_beyond_binary"
    ),
    "in advance, a sum whose first event is negative": of(
        "rating/test_marginal_fees.py", "test_a_debt_is_made_good_first"
    ),
    "custom": (
        *of("rating/charge_models/test_custom.py", "test_the_price_is_the_metric_s_own"),
        *of(
            "catalog/test_charge_option_routes.py",
            "test_a_model_goes_with_the_aggregations_lago_names",
        ),
    ),
}
PERIODS = {
    "plan fee, minimum amounts by days": (
        *of("rating/test_plan_fee.py", "test_a_share_of_days_has_sixty_digits"),
        *of("rating/test_true_up.py", "test_fees_and_true_up_reach_the_minimum"),
    ),
    "usage at the very instant of a termination": (
        *of("rating/test_closing.py", "test_the_day_of_an_upgrade_is_billed_once"),
        *of("aggregation/test_aggregator.py", "test_bounds_are_half_open"),
    ),
    "charges paid in advance": of(
        "fusion_billing/test_fees.py",
        "test_each_event_in_advance_is_a_fee",
        "test_fees_in_advance_outlive_their_bill",
    ),
    "a plan paid in advance that ends early": (
        *of(
            "rating/test_closing.py",
            "test_what_was_paid_beyond_the_end_is_credited",
            "test_a_credit_says_which_days_it_gives_back",
        ),
        *of("catalog/test_subscription_routes.py", "test_a_termination_we_cannot_bill_is_refused"),
    ),
    "events dated in a period that was billed": of(
        "fusion_billing/test_late_usage.py",
        "test_late_usage_is_a_line_of_the_next_invoice",
        "test_a_service_may_have_differences_in_drafts_of_their_own",
        "test_an_ended_subscription_gets_a_draft_of_its_own",
    ),
    "level that a recurring weighted sum starts from": of(
        "fusion_billing/test_unlike_lago.py",
        "test_a_late_delta_lifts_the_level_of_the_next_period",
    ),
    "a dynamic price paid in advance": of(
        "catalog/test_charge_option_routes.py", "test_no_own_price_is_paid_in_advance"
    ),
    "a recurring metric paid in advance without proration": of(
        "catalog/test_charge_option_routes.py", "test_no_carried_units_are_paid_in_advance"
    ),
    "minimum commitment of a plan that bills usage monthly": of(
        "catalog/test_charge_option_routes.py",
        "test_no_yearly_commitment_goes_with_monthly_usage",
    ),
    "tax of running usage": of(
        "fusion_billing/test_usage_answers.py", "test_running_usage_shows_an_estimated_tax"
    ),
}
USAGE = {
    "taxes on fees, past usage and estimates": of(
        "fusion_billing/test_unlike_lago.py", "test_only_running_usage_shows_a_tax"
    ),
    "payment status of a fee": of(
        "fusion_billing/test_fees.py",
        "test_the_fees_of_a_draft_are_its_lines",
        "test_a_list_of_fees_is_narrowed",
    ),
    "projected usage": (
        *of("fusion_billing/test_usage_answers.py", "test_a_projection_is_a_straight_line"),
        *of("fusion_billing/test_unlike_lago.py", "test_a_projection_does_not_price_again"),
    ),
    "usage that came late": of(
        "fusion_billing/test_usage_answers.py", "test_late_usage_belongs_to_its_period"
    ),
    "past usage of a charge with a true-up": of(
        "fusion_billing/test_unlike_lago.py", "test_a_true_up_is_no_past_usage"
    ),
    "past usage of weighted sums, `total_aggregated_units`": of(
        "fusion_billing/test_unlike_lago.py",
        "test_past_usage_of_a_weighted_sum_shows_what_was_billed",
    ),
    "past usage of an unknown customer": of(
        "fusion_billing/test_usage_answers.py", "test_what_is_unknown_is_refused"
    ),
    "lifetime usage, its current part": of(
        "fusion_billing/test_usage_answers.py",
        "test_a_lifetime_is_what_was_billed_and_what_is_not",
        "test_a_lifetime_waits_for_no_bill",
    ),
    "`external_historical_usage_amount_cents`": of(
        "fusion_billing/test_unlike_lago.py", "test_usage_before_ours_is_not_known"
    ),
    "`full_usage`": of(
        "fusion_billing/test_usage_answers.py", "test_usage_that_is_not_there_is_refused"
    ),
    "fees of events in advance": of(
        "fusion_billing/test_unlike_lago.py",
        "test_fees_of_an_open_period_follow_time",
        "test_fees_of_a_billed_period_stay",
    ),
    "invoice of a fee in advance": of(
        "fusion_billing/test_fees.py",
        "test_each_event_in_advance_is_a_fee",
        "test_fees_in_advance_outlive_their_bill",
    ),
    "`amount_details` of a fee in advance": of(
        "fusion_billing/test_unlike_lago.py", "test_a_fee_in_advance_has_no_details"
    ),
    "unused days of a plan paid in advance": of(
        "fusion_billing/test_unlike_lago.py", "test_unused_days_are_a_fee_below_zero"
    ),
    "more than 100 000 events with a fee": (
        *of("fusion_billing/test_fees.py", "test_too_many_events_ask_for_a_narrower_list"),
        *of(
            "fusion_billing/test_unlike_lago.py",
            "test_a_list_looks_at_a_hundred_thousand_events",
        ),
    ),
    "fee, `PUT` and `DELETE`": of(
        "fusion_billing/test_unlike_lago.py", "test_a_fee_is_neither_changed_nor_deleted"
    ),
    "instant estimate of a unique count": of(
        "fusion_billing/test_unlike_lago.py", "test_a_unique_value_by_itself_is_one_unit"
    ),
    "instant estimate of a property that is no number": of(
        "fusion_billing/test_estimates.py", "test_what_has_no_estimate_is_refused"
    ),
}
METRICS = {
    "an event whose expression fails": of(
        "fusion_billing/test_unlike_lago.py",
        "test_an_event_whose_expression_fails_is_set_aside",
    ),
    "the property a metric's expression computes": of(
        "ingest/test_metric_value_expression.py",
        "test_what_was_sent_stays_and_what_was_computed_counts",
    ),
    "decimals of a computed number": of(
        "ingest/test_metric_value_expression.py",
        "test_the_value_is_computed",
        "test_a_computed_half_is_rounded_up",
    ),
    "size of an expression": of(
        "catalog/test_expression.py",
        "test_an_expression_has_at_most_4096_characters",
        "test_parentheses_are_at_most_32_deep",
        "test_four_hundred_digits_are_kept_exactly",
        "test_a_text_grows_to_10000_characters",
    ),
    "a property's text with underscores (`1_000`)": of(
        "catalog/test_expression.py", "test_digits_with_underscores_are_text"
    ),
    "a nested property in `concat`": of(
        "catalog/test_expression.py", "test_an_expression_has_its_exact_value"
    ),
    "division by zero": (
        *of("catalog/test_expression.py", "test_a_value_that_cannot_be_had_says_why"),
        *of(
            "catalog/test_metric_option_routes.py",
            "test_a_failed_trial_has_lagos_code_and_says_why",
        ),
    ),
    "expression of a count": of(
        "catalog/test_metric_option_routes.py",
        "test_an_expression_that_cannot_be_read_is_refused",
    ),
    "a failed trial of an expression": of(
        "catalog/test_metric_option_routes.py",
        "test_a_failed_trial_has_lagos_code_and_says_why",
    ),
    "`custom_agg`": of(
        "catalog/test_metric_option_routes.py", "test_custom_aggregation_is_forbidden"
    ),
    "changes of a priced metric": (
        *of("catalog/test_billable_metric_routes.py", "test_what_a_priced_metric_counts_is_fixed"),
        *of(
            "catalog/test_metric_option_routes.py",
            "test_what_a_priced_metric_counts_is_fixed",
            "test_filters_of_a_priced_metric_only_grow",
        ),
    ),
    "a metric's filter key given twice": of(
        "catalog/test_metric_option_routes.py", "test_faulty_filters_have_lagos_codes"
    ),
}
FILTERS = {
    "filters that overlap in part": of(
        "catalog/test_charge_filters.py",
        "test_exactly_one_bucket_takes_an_event",
        "test_of_partly_overlapping_filters_the_oldest_takes_what_both_match",
        "test_of_overlapping_filters_the_one_with_more_keys_takes_what_both_match",
    ),
    "a repeated filter in one `PUT`": (
        *of(
            "catalog/test_plan_charge_filter_routes.py",
            "test_a_charge_takes_200_filters_and_no_more",
        ),
        *of(
            "catalog/test_charge_filters.py",
            "test_of_identical_filters_only_the_oldest_counts",
        ),
    ),
    "order of filters": of(
        "catalog/test_charge_filter_routes.py",
        "test_a_filter_with_the_same_values_stays_itself",
    ),
    "a changed charge model": of(
        "catalog/test_charge_filter_routes.py", "test_another_model_needs_its_filters_again"
    ),
    "`presentation_group_keys` without options": of(
        "catalog/test_charge_group_routes.py", "test_presentation_groups_are_echoed"
    ),
    "repeated pricing keys": of(
        "catalog/test_charge_group_routes.py", "test_a_pricing_group_is_there_once"
    ),
    "time of payment of a charge under a subscription": (
        *of(
            "catalog/test_charge_option_routes.py",
            "test_when_a_charge_is_paid_is_fixed_under_a_subscription",
        ),
        *of(
            "catalog/test_plan_charge_routes.py",
            "test_when_a_charge_is_paid_is_fixed_under_a_subscription",
        ),
    ),
}
PLANS = {
    "`PUT` of one charge without `properties`": of(
        "catalog/test_plan_charge_routes.py", "test_a_put_without_properties_keeps_the_price"
    ),
    "a new charge without a `code`": of(
        "catalog/test_plan_charge_routes.py",
        "test_an_added_charge_without_a_code_takes_its_metrics",
    ),
    "a second filter with the same values": of(
        "catalog/test_plan_charge_filter_routes.py", "test_a_faulty_filter_is_refused"
    ),
    "other `values` in a `PUT` of a filter": of(
        "catalog/test_plan_charge_filter_routes.py",
        "test_a_put_changes_price_and_display_name",
    ),
    "an override made while its subscription runs": of(
        "fusion_billing/test_overridden_bills.py",
        "test_an_override_never_changes_what_was_over",
    ),
    "the first order again, with overrides": of(
        "catalog/test_plan_overrides.py", "test_the_same_order_again_changes_nothing"
    ),
    "overrides with a change of plan that is still pending": of(
        "catalog/test_plan_overrides.py",
        "test_a_change_of_plan_goes_by_the_overridden_price",
        "test_a_pending_order_takes_other_plan_and_prices_in_place",
    ),
    "minimum commitment of a plan that is overridden": of(
        "catalog/test_plan_overrides.py",
        "test_a_plans_commitment_holds_until_it_is_overridden",
    ),
    "a charge in overrides that is not on the plan, or names another model, metric or code": of(
        "catalog/test_plan_overrides.py",
        "test_a_faulty_override_is_refused",
        "test_a_faulty_charge_of_an_override_is_refused",
    ),
    "`charges` in later overrides of the same subscription": of(
        "catalog/test_plan_overrides.py",
        "test_charges_that_later_overrides_leave_out_stay",
    ),
    "charges of an override": of(
        "catalog/test_plan_overrides.py", "test_a_charge_is_known_by_its_own_or_its_parents_id"
    ),
    "currency and trial of a running subscription, by overrides": of(
        "catalog/test_plan_overrides.py", "test_what_cuts_its_periods_is_fixed_while_it_runs"
    ),
    (
        "`cascade_updates` of a charge that became another metric, or is paid or prorated otherwise"
    ): of("catalog/test_plan_cascade_laws.py", "test_a_price_of_another_kind_is_not_passed_on"),
    "cascades": of(
        "catalog/test_plan_cascade.py",
        "test_a_changed_price_reaches_who_left_it_alone",
        "test_a_whole_plan_cascades_fee_and_charges",
    ),
    "the same downgrade again": of(
        "catalog/test_plan_changes.py", "test_the_same_choice_again_leaves_what_is_planned"
    ),
    "name and end of a subscription that follows another": of(
        "catalog/test_plan_changes.py",
        "test_a_successor_keeps_the_name_unless_one_is_sent",
        "test_an_order_may_name_its_successors_end",
    ),
    "`usage_thresholds` of a plan, a subscription or overrides (progressive billing)": (
        *of(
            "catalog/test_plan_routes.py",
            "test_a_plan_option_we_cannot_bill_is_refused",
            "test_a_plan_comes_back_as_lago_shows_it",
        ),
        *of(
            "catalog/test_subscription_routes.py",
            "test_a_faulty_field_is_named_with_its_code",
            "test_a_put_of_what_is_settled_is_refused",
            "test_a_subscription_comes_back_as_lago_shows_it",
        ),
        *of("catalog/test_plan_overrides.py", "test_a_faulty_override_is_refused"),
        *of("fusion_billing/test_alerts.py", "test_each_type_watches_its_own_number"),
    ),
    "start of a subscription that names none": of(
        "catalog/test_subscription_shapes.py",
        "test_without_a_start_it_begins_with_the_second_it_came_in",
    ),
    "`plan_overrides` with fixed charges": of(
        "catalog/test_plan_overrides.py", "test_a_faulty_override_is_refused"
    ),
    "fixed charges": of(
        "catalog/test_fixed_charge_routes.py", "test_there_are_none", "test_none_can_be_written"
    ),
    "a list of subscriptions in an unknown state": (
        *of("catalog/test_subscription_routes.py", "test_an_unknown_state_is_refused"),
        *of("catalog/test_subscription_lists.py", "test_an_unknown_state_is_refused"),
    ),
    "a plan that is deleted": of(
        "catalog/test_plan_routes.py", "test_a_deleted_plan_goes_on_for_its_subscriptions"
    ),
}
ABSENT = (
    *of(
        "lago_clients/test_operations.py",
        "test_what_is_not_offered_is_lagos_unknown_route",
        "test_what_is_not_offered_says_why",
    ),
    *of("house/test_docs.py", "test_the_generated_part_is_of_today"),
)
PROOFS: Proofs = {
    "Charge models": CHARGE_MODELS,
    "Periods and fees": PERIODS,
    "Usage, fees and estimates": USAGE,
    "Metrics and expressions": METRICS,
    "Filters and groups of a charge": FILTERS,
    "Plans, overrides and subscriptions": PLANS,
    "Operations not offered": {row.cells[0]: ABSENT for row in table_rows(not_offered_table())},
}
