"""The shop's devices: real drivers, their simulators, and the codecs that both share."""
