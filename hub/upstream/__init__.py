"""A chain of shops: each shop's hub tells head office what happened, and hears what holds for all of them."""
