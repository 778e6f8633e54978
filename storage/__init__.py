"""Storage: the only package that opens a database. Import its modules, they are the doors."""
