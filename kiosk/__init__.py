"""THE COUNTER: the touch screen for shoppers, the till page for staff, and what it takes to redeem a coupon once."""
