"""Shopbell's hub: the office. Every device imports this package, so it holds nothing but this sentence."""
