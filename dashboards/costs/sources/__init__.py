"""Where costs come from: each source discovers windows, fetches pages and normalises them."""
