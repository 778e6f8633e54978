"""Usage, fees and estimates as Lago's clients read and ask for them. Pure, one file a resource."""
