"""The pop-up: the page that greets a phone, and what follows it."""
