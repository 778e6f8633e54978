"""The words of invoices in the language of who reads them."""
