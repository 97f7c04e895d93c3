"""The shop's own Wi-Fi: an access point and its addresses, written from settings, applied, verified, taken down again."""
