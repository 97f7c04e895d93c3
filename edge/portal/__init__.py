"""The page that greets a phone on the shop's Wi-Fi: its own process, without any privilege."""
