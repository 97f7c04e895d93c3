"""A whole shop on one machine: starts hub, till and door as child processes, watches them, stops them in order.

Also the way into tests, proofs, measurements and the health check. Imports `hub.*` only; the other programs are children.
"""
