"""How good the answers and the search are, measured on questions with known right answers."""
