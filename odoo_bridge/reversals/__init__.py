"""Which invoice a credit note of ours corrects: linked where it is one, else told in words."""
