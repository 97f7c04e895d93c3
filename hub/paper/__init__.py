"""Paper: posters and shelf labels as PDF, each with its QR, its short number and a sentence beneath."""
