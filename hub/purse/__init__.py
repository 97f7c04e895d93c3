"""What members have in a shop: points, stored value, punch cards; in books that sum."""
