"""The house's own rules, tested: source text, imports, pages and commands."""
