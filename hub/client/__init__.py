"""A device's side of the contract: what it keeps on disk, what it may do alone, how it talks with its hub."""
