"""What each group of operations takes and answers, one file a noun."""
