"""The hub and the world outside: keys for other programs, what they may ask, webhooks, import and export."""
