"""The rooms of the staff desk, in the order of its menu."""
