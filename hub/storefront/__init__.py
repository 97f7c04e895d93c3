"""The shopper's pages, once: mounted by the portal, the kiosk and the hub's public site."""
