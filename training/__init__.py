"""The training room: makes the embedding model that the product ships. Nothing of the product imports it."""
