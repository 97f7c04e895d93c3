"""The till page for staff: sign in with a PIN, scan, see the verdict, next customer. Every page works without a script."""
