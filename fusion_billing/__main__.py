"""python -m fusion_billing: the command line."""

from fusion_billing.cli import main

main()
