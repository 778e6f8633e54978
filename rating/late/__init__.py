"""Late usage: what a billed period costs now, less what was billed."""
