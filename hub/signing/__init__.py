"""How managers prove who they are: passwords, one-time codes, passkeys, invitations; and what they are given."""
