"""The ways in: a click, an SMS code, a printed code, a coupon, a member's code; and what staff do with them."""
