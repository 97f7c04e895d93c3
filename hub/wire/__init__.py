"""The contract between every node and its hub: events, coupons, snapshots, the one rule, the exchange, identities.

Pure: no I/O, no clock, no randomness, no logging. Whoever calls passes `now`, ids and random bytes in.
"""
