"""Messages between the shop and people: one outbox, several channels, one inbox."""
