"""Usage alerts: an app is told once a period when a subscription's usage crosses a threshold."""
