"""The lab: a virtual machine with the real Linux Bluetooth stack, virtual radios around it, and our real drivers on it."""
