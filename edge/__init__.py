"""The door: hears Bluetooth, knows who is near without knowing who they are, and tells the hub."""
