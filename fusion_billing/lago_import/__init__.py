"""A live Lago brought over: read through its own API, written as an app's calls would be."""
